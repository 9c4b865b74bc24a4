"""Older candles, loaded as the chart is moved into the past."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.browser.chromium import OpenPage, check_chart
from tests.support.browser.stage import START_MS, Market, Stage, staged
from tests.support.eventually import wait_until

pytestmark = pytest.mark.browser

MINUTE_MS = 60_000


@pytest.fixture(scope="module")
def stage(static: Path) -> Iterator[Stage]:
    """A stage with more candles than a page of them."""
    with staged(Market(history=5000), static) as stage:
        yield stage


def test_dragging_into_the_past_loads_pages_to_the_beginning(
    stage: Stage, open_page: OpenPage
) -> None:
    chart = open_page(stage.url, symbol="ESU4")
    stage.market.pages.clear()
    chart.wait_data("candles", "2000")
    assert not chart.page.is_visible("#chart-past")
    box = chart.page.locator("#chart .pane").bounding_box()
    assert box is not None
    left, right, middle = box["x"] + 10, box["x"] + box["width"] - 10, box["y"] + 100
    chart.page.locator("#chart").focus()
    for _ in range(6):
        chart.page.keyboard.press("-")

    def reaches() -> bool:
        chart.page.mouse.move(left, middle)
        chart.page.mouse.down()
        chart.page.mouse.move(right, middle)
        chart.page.mouse.up()
        chart.settle()
        return chart.data("candles") == "5000" and chart.page.is_visible("#chart-past")

    wait_until(reaches, "the beginning of history")
    assert chart.text("#chart-past") == "Beginning of history"
    oldest = START_MS // MINUTE_MS * MINUTE_MS - 2000 * MINUTE_MS
    assert stage.market.pages == [oldest, oldest - 2000 * MINUTE_MS]
    stage.trade("ESU4", "5524.5", 3, at_ms=START_MS)
    chart.wait_data("candles", "5001")
    check_chart(chart, chart.shoot())
    assert chart.complaints == []


def test_the_view_stays_where_it_is_while_a_page_comes(stage: Stage, open_page: OpenPage) -> None:
    chart = open_page(stage.url, symbol="GCQ4", interval="5m")
    chart.wait_data("candles", "2000")
    chart.page.locator("#chart").focus()
    chart.page.keyboard.press("Home")
    chart.wait_data("candles", "4000")
    assert not chart.page.is_visible("#chart-past")
    check_chart(chart, chart.shoot())
