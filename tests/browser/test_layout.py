"""The page at every width, in both themes, by touch: nothing overflows, and all can be reached."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.support.browser.chromium import Chart, OpenPage, open_chart
from tests.support.browser.stage import START_MS, Instrument, Market, Stage, staged, walk

pytestmark = pytest.mark.browser

LONG = "BERKSHIRE-HATHAWAY-CLASS-A-1234567"
WIDTHS = [320, 359, 360, 390, 412, 480, 600, 760, 761, 768, 848, 900, 1000, 1001, 1024, 1100]
WIDTHS += [1161, 1180, 1181, 1240, 1280, 1366, 1440, 1536, 1600, 1920, 2560]

OVERFLOW = """() => {
  const root = document.scrollingElement;
  const wide = [...document.querySelectorAll("body *")].filter((each) => {
    if (!each.checkVisibility() || each.closest(".toolbar, .only-heard")) return false;
    const { left, right, width } = each.getBoundingClientRect();
    const isClipped = each.closest(".figures, .connection, .news-meta, .status, .skip") !== null;
    return width > 0 && !isClipped && (right > innerWidth + 0.5 || left < -0.5);
  });
  const names = wide.map((each) => each.id || each.className);
  return { width: root.scrollWidth, inner: innerWidth, height: root.scrollHeight,
           tall: innerHeight, names };
}"""

SMALL = """() => [...document.querySelectorAll("button, input, select, a[href], .watch-row")]
  .filter((each) => each.checkVisibility() && !each.closest(".skip, .chart"))
  .map((each) => [each.id || each.className, each.getBoundingClientRect()])
  .filter(([, { width, height }]) => width > 0 && (width < 43.5 || height < 43.5))
  .map(([name, { width, height }]) => `${name} ${width} x ${height}`)"""


@pytest.fixture(scope="module")
def crowded(static: Path) -> Iterator[Stage]:
    """A market with a long name, a price of many digits, and something in every panel."""
    market = Market(history=300)
    made = Instrument(LONG, "0.00000001", 99, Decimal("1234567.12345678"))
    made.bars = {name: walk(made, name, 100) for name in market.instruments["ESU4"].bars}
    market.instruments[LONG] = made
    said = {"symbol": LONG, "timestamp": START_MS, "model": "anomaly/1"}
    market.signals = [
        {**said, "event": "anomaly", "id": f"{k}-0", "feature": "volume", "score": 2.5}
        for k in range(30)
    ]
    market.headlines = [
        {"id": str(k), "title": "W" * 80, "summary": "", "url": "https://example.com/",
         "source": "A wire with a long name", "published": START_MS, "symbols": [LONG, "ESU4"]}
        for k in range(20)
    ]  # fmt: skip
    with staged(market, static) as stage:
        yield stage


def resize(chart: Chart, width: int, height: int) -> None:
    chart.page.set_viewport_size({"width": width, "height": height})
    chart.settle()


def assert_fits(chart: Chart, context: str) -> None:
    found: dict[str, Any] = chart.page.evaluate(OVERFLOW)
    assert found["width"] <= found["inner"], f"{context}: {found}"
    assert found["height"] <= found["tall"], f"{context}: {found}"
    assert found["names"] == [], f"{context}: {found['names']}"


@pytest.fixture(scope="module")
def wide_open(crowded: Stage, browser: Browser) -> Iterator[Chart]:
    chart = open_chart(browser, crowded.url, symbol=LONG, renderer="canvas2d")
    crowded.trade(LONG, "1234566.87654321", 123_456_789, at_ms=START_MS + 60_000)
    chart.wait_data("lastPrice", "1234566.87654321")
    yield chart
    chart.page.context.close()


def test_nothing_overflows_at_any_width(wide_open: Chart) -> None:
    for width in WIDTHS:
        resize(wide_open, width, 800)
        assert_fits(wide_open, f"{width} wide")


def test_nothing_overflows_on_a_phone_on_its_side(wide_open: Chart) -> None:
    for width, height in [(568, 320), (667, 375), (740, 360), (844, 390), (932, 430)]:
        resize(wide_open, width, height)
        assert_fits(wide_open, f"{width} x {height}")
        pane = wide_open.page.locator("#chart .pane").bounding_box()
        assert pane is not None
        assert pane["height"] > 150


@pytest.mark.parametrize("width", [320, 390, 700])
def test_each_sheet_opens_by_its_tab_and_fits(wide_open: Chart, width: int) -> None:
    page = wide_open.page
    resize(wide_open, width, 780)
    for name in ("watch", "book", "tape", "news", "signals", "pipeline"):
        page.locator(f".tabs [data-opens={name}]").click()
        page.locator(f"[data-panel={name}]").wait_for(state="visible")
        assert page.locator("[data-panel]:visible").count() == 1
        assert_fits(wide_open, f"{name} at {width}")
        assert page.evaluate(SMALL) == []
    page.locator(".tabs [data-opens=pipeline]").click()
    page.locator("[data-panel=pipeline]").wait_for(state="hidden")


def test_a_disconnected_page_fits_and_its_values_look_stale(
    crowded: Stage, wide_open: Chart
) -> None:
    resize(wide_open, 1440, 900)
    crowded.trade(LONG, "1234566.87654323", 1, at_ms=START_MS + 61_000)
    wide_open.wait_data("fresh", "fresh")
    bright = {name: look(wide_open, name) for name in ("#last", "#bid", "#ask")}
    crowded.serving.stop()
    try:
        wide_open.wait_data("state", "reconnecting")
        wide_open.wait_data("fresh", "down")
        wide_open.page.locator("#freshness", has_text="Disconnected").wait_for()
        for name, before in bright.items():
            assert look(wide_open, name)["color"] != before["color"]
            assert look(wide_open, name)["style"] == "italic"
        assert "as they were then" in wide_open.text("#chart-stale")
        for width in WIDTHS:
            resize(wide_open, width, 800)
            assert_fits(wide_open, f"disconnected, {width} wide")
    finally:
        crowded.serving.start()
    wide_open.wait_live()
    crowded.trade(LONG, "1234566.87654324", 1, at_ms=START_MS + 62_000)
    wide_open.wait_data("fresh", "fresh")


def look(chart: Chart, selector: str) -> dict[str, str]:
    script = """(s) => { const { color, fontStyle } = getComputedStyle(document.querySelector(s));
      return { color, style: fontStyle }; }"""
    found: dict[str, str] = chart.page.evaluate(script, selector)
    return found


def test_the_symbols_are_a_drawer_where_they_have_no_column(
    stage: Stage, open_page: OpenPage
) -> None:
    chart = open_page(stage.url, symbol="ESU4", viewport={"width": 1024, "height": 700})
    page = chart.page
    assert not page.locator("#watch").is_visible()
    page.locator("#symbol").click()
    page.locator(".watch-row", has_text="NQU4").click()
    chart.wait_data("symbol", "NQU4")
    page.locator("#watch").wait_for(state="hidden")
    page.keyboard.press("/")
    page.locator("#watch").wait_for(state="visible")
    page.keyboard.press("Escape")
    page.locator("#watch").wait_for(state="hidden")


def test_folded_panels_and_widths_are_kept(stage: Stage, open_page: OpenPage) -> None:
    chart = open_page(stage.url, symbol="ESU4")
    page = chart.page
    page.get_by_role("button", name="Show News").click()
    page.locator("#news-list").wait_for(state="hidden")
    splitter = page.get_by_role("separator", name="Width of the symbols")
    splitter.focus()
    page.keyboard.press("ArrowRight")
    width = splitter.get_attribute("aria-valuenow")
    box = page.locator(".splitter[data-width=side]").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 3, 300)
    page.mouse.down()
    page.mouse.move(box["x"] - 60, 300, steps=4)
    page.mouse.up()
    side = page.locator(".side").bounding_box()
    page.reload()
    chart.wait_live()
    assert page.get_by_role("button", name="Show News").get_attribute("aria-expanded") == "false"
    assert splitter.get_attribute("aria-valuenow") == width
    assert page.locator(".side").bounding_box() == side
    assert side is not None and side["width"] > 330


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_an_empty_market_says_so_in_the_colours_of_its_theme(
    stage: Stage, open_page: OpenPage, theme: str
) -> None:
    stage.market.instruments = {}
    init = f"localStorage.setItem('tickfire.theme', '{theme}')"
    chart = open_page(stage.url, live=False, init=init)
    chart.wait_data("state", "waiting")
    chart.page.wait_for_function(
        "() => document.getElementById('chart-empty').innerText === 'Waiting for instruments'"
    )
    pixels = chart.region(chart.shoot(), "#chart")
    background = chart.color("--chart-background")
    plain = (abs(pixels - background).max(axis=-1) < 2).mean()
    assert plain > 0.9
    assert not chart.page.locator(".legend").is_visible()


def test_refused_candles_are_told(stage: Stage, open_page: OpenPage) -> None:
    stage.market.instruments["ESU4"].bars.clear()
    refuse = stage.market.reply
    stage.market.reply = lambda topic, payload: (  # type: ignore[method-assign]
        "no market data yet" if topic.startswith("candles:ESU4") else refuse(topic, payload)
    )
    chart = open_page(stage.url, live=False, symbol="ESU4")
    chart.page.wait_for_selector("#chart-area[data-kind=refused]")
    assert "The server says: " in chart.text("#chart-empty-detail")
    assert "no market data yet" in chart.text("#chart-empty-detail")
