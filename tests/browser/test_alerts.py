"""Price alerts: made by keyboard, drawn, dragged, and told when a trade reaches them."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import Route

from tests.support.browser.chromium import Chart, OpenPage
from tests.support.browser.stage import START_MS, Stage

pytestmark = pytest.mark.browser


def make(chart: Chart, price: str, note: str = "") -> None:
    """Make an alert by keyboard alone."""
    chart.page.keyboard.press("n")
    chart.page.keyboard.press("Control+a")
    chart.page.keyboard.type(price)
    chart.page.keyboard.press("Tab")
    chart.page.keyboard.type(note)
    chart.page.keyboard.press("Enter")
    chart.page.keyboard.press("Escape")


def prices(chart: Chart) -> list[float]:
    """Return the prices of the alerts that the browser keeps."""
    kept: list[float] = chart.page.evaluate(
        "JSON.parse(localStorage['tickfire.alerts']).alerts.map((each) => each.price)"
    )
    return kept


def trade(stage: Stage, chart: Chart, price: str, after_ms: int) -> None:
    stage.trade("ESU4", price, 1, at_ms=START_MS + after_ms)
    chart.wait_data("lastPrice", price)


def test_an_alert_is_told_at_the_trade_that_reaches_it_and_kept(
    stage: Stage, open_page: OpenPage
) -> None:
    chart = open_page(stage.url, symbol="ESU4")
    trade(stage, chart, "5520", 1)
    make(chart, "5525.25", "the high")
    assert chart.page.get_attribute("#alerts", "data-count") == "1"
    trade(stage, chart, "5525", 2)
    assert chart.page.locator(".toast").count() == 0
    trade(stage, chart, "5526", 3)
    assert chart.text(".toast span") == "ESU4 rose to 5525.25: the high"
    chart.page.click(".toast button")
    trade(stage, chart, "5520", 4)
    trade(stage, chart, "5527", 5)
    assert chart.page.locator(".toast").count() == 0, "told once"
    chart.page.reload()
    chart.wait_live()
    chart.page.click("#alerts")
    assert chart.text(".alert-state") == "reached"
    chart.page.click(".alert-list .icon-button")
    assert prices(chart) == []
    assert chart.complaints == []


def test_an_alerts_line_is_dragged_to_another_price(stage: Stage, open_page: OpenPage) -> None:
    chart = open_page(stage.url, symbol="ESU4", renderer="canvas2d")
    trade(stage, chart, "5520", 1)
    make(chart, "5524")
    label = chart.page.locator(".axis-label", has_text="5524.00")
    box, pane = label.bounding_box(), chart.page.locator("#chart .pane").bounding_box()
    assert box is not None
    assert pane is not None
    x, y = pane["x"] + 300, box["y"] + box["height"] / 2
    chart.page.mouse.move(x, y)
    chart.page.mouse.down()
    chart.page.mouse.move(x, y + 40, steps=4)
    chart.page.mouse.up()
    (moved,) = prices(chart)
    assert moved < 5524
    chart.page.wait_for_selector(f".axis-label >> text={moved:.2f}")
    trade(stage, chart, f"{moved - 1:g}", 2)
    assert chart.text(".toast span") == f"ESU4 fell to {moved:g}"
    assert chart.complaints == []


def test_an_alert_of_a_symbol_that_is_not_shown_is_told(stage: Stage, open_page: OpenPage) -> None:
    chart = open_page(stage.url, symbol="NQU4")
    stage.trade("NQU4", "20010", 1, at_ms=START_MS + 1)
    chart.wait_data("lastPrice", "20010")
    make(chart, "20020")
    chart.page.click("#watch .watch-row >> text=ESU4")
    chart.wait_data("symbol", "ESU4")
    stage.trade("NQU4", "20020", 1, at_ms=START_MS + 2)
    chart.page.wait_for_selector(".toast >> text=NQU4 rose to 20020")


def test_a_price_that_is_none_is_refused_with_a_sentence(stage: Stage, open_page: OpenPage) -> None:
    chart = open_page(stage.url, symbol="ESU4")
    make(chart, "much")
    chart.page.click("#alerts")
    chart.page.fill("#alerts-panel input[inputmode=decimal]", "much")
    chart.page.keyboard.press("Enter")
    assert chart.text(".alert-error") == "the price must be a number, such as 5520.25"


@pytest.mark.parametrize("kept", ["{", json.dumps({"version": 9, "alerts": []})])
def test_alerts_that_cannot_be_read_are_set_aside_and_told(
    stage: Stage, open_page: OpenPage, kept: str
) -> None:
    init = f"localStorage.setItem('tickfire.alerts', {json.dumps(kept)});"
    chart = open_page(stage.url, symbol="ESU4", init=init)
    assert chart.text(".toast").startswith("The kept alerts cannot be read and were set aside")
    assert chart.page.evaluate("localStorage['tickfire.alerts-unreadable']") == kept


@pytest.mark.parametrize("by", ["key", "button"])
def test_a_panel_that_is_asked_for_before_it_is_loaded_opens_whole(
    stage: Stage, open_page: OpenPage, by: str
) -> None:
    chart = open_page(stage.url, symbol="ESU4", renderer="canvas2d")
    page = chart.page
    held: list[Route] = []
    page.route("**/alert-panel-*.js", lambda route: held.append(route))
    page.reload()
    chart.wait_live(without=["alerts"])
    if by == "key":
        page.keyboard.press("n")
    else:
        page.click("#alerts")
    assert page.locator("#alerts-panel input").count() == 0
    for route in held:
        route.continue_()
    page.locator("#alerts-panel h2", has_text="Alert for ESU4").wait_for()
    page.locator("#alerts[aria-expanded=true]").wait_for()
    assert chart.complaints == []


def test_a_panel_that_cannot_be_loaded_is_told_and_loaded_when_it_is_asked_for_again(
    stage: Stage, open_page: OpenPage
) -> None:
    chart = open_page(stage.url, symbol="ESU4", renderer="canvas2d")
    page = chart.page
    page.route("**/alert-panel-*.js", lambda route: route.abort())
    page.reload()
    page.get_by_text("Alerts cannot be shown: TypeError").wait_for()
    page.unroute_all()
    chart.wait_live(without=["alerts"])
    page.keyboard.press("n")
    page.locator("#alerts-panel h2", has_text="Alert for ESU4").wait_for()
