"""Gestures on the chart: a wheel over an axis, and a double click that resets the view."""

from __future__ import annotations

import pytest

from tests.support.browser.chromium import Chart, OpenPage
from tests.support.browser.pixels import act, assert_equal, shoot_pane
from tests.support.browser.stage import Stage

pytestmark = pytest.mark.browser


def wheel_over(chart: Chart, selector: str, amount: int) -> None:
    box = chart.page.locator(selector).bounding_box()
    assert box is not None
    chart.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    chart.page.mouse.wheel(0, amount)
    chart.settle()


def test_a_wheel_over_an_axis_stretches_it(stage: Stage, open_page: OpenPage) -> None:
    chart = open_page(stage.url, symbol="ESU4", renderer="canvas2d")
    before = shoot_pane(chart)
    wheel_over(chart, "#chart .axis-price", -300)
    assert (shoot_pane(chart) != before).any()
    chart.page.dblclick("#chart .axis-price")
    chart.settle()
    assert_equal(shoot_pane(chart), before)
    wheel_over(chart, "#chart .axis-time", -300)
    assert (shoot_pane(chart) != before).any()
    assert chart.complaints == []


def test_a_double_click_on_the_pane_fits_prices_and_shows_the_latest(
    stage: Stage, open_page: OpenPage
) -> None:
    chart = open_page(stage.url, symbol="ESU4", renderer="canvas2d")
    before = shoot_pane(chart)
    act(chart, "pan", 300, -700)
    wheel_over(chart, "#chart .axis-price", 200)
    assert (shoot_pane(chart) != before).any()
    box = chart.page.locator("#chart .pane").bounding_box()
    assert box is not None
    chart.page.mouse.dblclick(box["x"] + 200, box["y"] + 200)
    assert_equal(shoot_pane(chart), before)
