"""The scales of the price axis: linear, log and percent, chosen by mouse, keys and address."""

from __future__ import annotations

import math
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.support.browser.chromium import Chart, OpenPage, open_chart
from tests.support.browser.pixels import act, assert_equal, shoot_pane
from tests.support.browser.stage import START_MS, Market, Stage, plain, staged
from tests.support.eventually import wait_until

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

GROWTH = "CLQ4"
"""Its prices grow from 0.01 to 1,000,000."""
BELOW_ZERO = "GCQ4"
SIZE = {"width": 1000, "height": 640}


def growing(bar: list[Any], share: float) -> list[Any]:
    price = Decimal(f"{0.01 * 10 ** (8 * share):.2f}")
    swing = Decimal(f"{float(price) * 0.3 * math.sin(share * 90):.2f}")
    close = max(price + swing, Decimal("0.01"))
    prices = [price, max(price, close), min(price, close), close]
    return [bar[0], *map(plain, prices), *bar[5:]]


def prepared() -> Market:
    market = Market()
    bars = market.instruments[GROWTH].bars["1m"]
    bars[:] = [growing(bar, i / (len(bars) - 1)) for i, bar in enumerate(bars)]
    market.instruments[GROWTH].price = Decimal(bars[-1][4])
    low = market.instruments[BELOW_ZERO].bars["1m"][-5]
    low[3] = "-37.6"
    return market


@pytest.fixture(scope="module")
def stage(static: Path) -> Iterator[Stage]:
    with staged(prepared(), static) as stage:
        yield stage


@pytest.fixture(scope="module")
def shared(stage: Stage, browser: Browser) -> Iterator[Chart]:
    made = open_chart(browser, stage.url, renderer="canvas2d", symbol=GROWTH, viewport=SIZE)
    yield made
    assert made.complaints == []
    made.page.context.close()


@pytest.fixture
def chart(shared: Chart) -> Chart:
    """The page, on a linear scale."""
    shared.page.select_option("#scale", "linear")
    shared.settle()
    return shared


def hover(chart: Chart, share: float) -> str:
    """Move the mouse to a share of the pane's height; return the price beside it."""
    box: Any = chart.page.locator("#chart .pane").bounding_box()
    chart.page.mouse.move(box["x"] + 300, box["y"] + box["height"] * share)
    chart.settle()
    return chart.text("#chart .label-price")


def middle(chart: Chart) -> float:
    """Return the price amid the pane."""
    return float(hover(chart, 0.5))


def wait_log(chart: Chart, linear: float) -> None:
    """Wait until the log scale is drawn that was chosen, which is loaded on demand.

    The prices grow: those amid the pane are far below the one on a linear scale.
    """
    wait_until(lambda: middle(chart) < linear / 2, "the scale is a log scale")


def test_equal_heights_are_equal_ratios_on_a_log_scale(chart: Chart) -> None:
    linear = middle(chart)
    chart.page.select_option("#scale", "log")
    wait_log(chart, linear)
    chart.page.mouse.move(500, 300)
    for _ in range(3):
        chart.page.mouse.wheel(0, 900)
        chart.settle()
    prices = [float(hover(chart, share)) for share in (0.2, 0.4, 0.6)]
    assert prices[0] > 1000 * prices[2]
    assert prices[0] / prices[1] == pytest.approx(prices[1] / prices[2], rel=0.05)


def test_percent_counts_from_the_first_candle_in_sight(chart: Chart) -> None:
    chart.page.select_option("#scale", "percent")
    chart.settle()
    assert chart.text("#chart .label-last").endswith("%")
    assert hover(chart, 0.05).startswith("+")


def test_a_key_changes_the_scale_and_the_address_keeps_it(stage: Stage, chart: Chart) -> None:
    page = chart.page
    page.locator("#chart").focus()
    for kind in ("log", "percent", "linear", "log"):
        page.keyboard.press("l")
        assert page.locator("#scale").input_value() == kind
    assert "scale=log" in page.evaluate("location.search")
    page.goto(f"{stage.url}?renderer=canvas2d&symbol={GROWTH}")
    chart.wait_live()
    assert page.locator("#scale").input_value() == "log"
    page.goto(f"{stage.url}?renderer=canvas2d&symbol={GROWTH}&scale=cubic")
    chart.wait_live()
    assert "no cubic scale" in chart.text("#notice")


def test_prices_below_zero_fall_back_to_a_linear_scale_and_say_so(
    stage: Stage, chart: Chart
) -> None:
    page = chart.page
    page.goto(f"{stage.url}?renderer=canvas2d&symbol={BELOW_ZERO}&scale=log")
    chart.wait_live()
    page.get_by_text("A log scale needs prices above 0").wait_for()
    page.goto(f"{stage.url}?renderer=canvas2d&symbol={GROWTH}")
    chart.wait_live()


def test_a_log_scale_is_drawn_the_same_by_both_renderers(stage: Stage, open_page: OpenPage) -> None:
    charts = [
        open_page(stage.url, renderer=name, symbol=GROWTH, viewport=SIZE)
        for name in ("webgpu", "canvas2d")
    ]
    for chart in charts:
        linear = middle(chart)
        chart.page.keyboard.press("l")
        wait_log(chart, linear)
    for move, amount in [("zoom out", 900), ("axis", 300), ("zoom in", 700), ("pan", -400)]:
        for chart in charts:
            act(chart, move, 400, amount)
        assert_equal(*map(shoot_pane, charts))
    stage.trade(GROWTH, "654321.12", 5, at_ms=START_MS)
    for chart in charts:
        chart.wait_data("lastPrice", "654321.12")
        chart.settle()
    assert_equal(*map(shoot_pane, charts))
