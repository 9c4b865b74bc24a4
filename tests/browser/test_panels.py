"""The panels by mouse and keys: watch list, time and sales, shortcuts, dates of daily candles."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect

from tests.support.browser.chromium import Chart, OpenPage
from tests.support.browser.stage import START_MS, Stage
from tests.support.eventually import wait_until

pytestmark = pytest.mark.browser

SCROLLED_PX = 200
JOURNEYS = 48
"""Traced trades of which the pipeline's panel keeps the way."""


def test_the_watch_list_is_sorted_by_its_heads_and_remembers(
    stage: Stage, open_page: OpenPage
) -> None:
    chart = open_page(stage.url, symbol="ESU4", renderer="canvas2d")
    page = chart.page
    page.wait_for_function(
        """() => [...document.querySelectorAll(".watch-row")].every((row) =>
          row.querySelector(".watch-change").innerText !== "" &&
          row.querySelector(".spark path").getAttribute("d"))"""
    )
    names = page.locator(".watch-name")
    assert names.all_inner_texts() == ["CLQ4", "ESU4", "EUR/USD", "GCQ4", "NQU4", "ZNU4"]
    head = page.get_by_role("columnheader", name="Last")
    page.locator(".column-symbol button").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    assert head.get_attribute("aria-sort") == "descending"
    by_price = ["NQU4", "ESU4", "GCQ4", "ZNU4", "CLQ4", "EUR/USD"]
    assert names.all_inner_texts() == by_price
    page.reload()
    chart.wait_live()
    page.wait_for_function("() => document.querySelector('.watch-name')?.innerText === 'NQU4'")
    assert head.get_attribute("aria-sort") == "descending"
    head.get_by_role("button").click()
    assert head.get_attribute("aria-sort") == "ascending"


def test_the_tape_shows_trades_from_a_size_on_and_stays_where_it_is_scrolled(
    stage: Stage, open_page: OpenPage
) -> None:
    chart = open_page(stage.url, symbol="ESU4", renderer="canvas2d")
    page = chart.page
    for k in range(60):
        stage.trade("ESU4", f"{5500 + k}", 200 if k % 10 == 5 else 3, at_ms=START_MS + k)
    page.locator(".tape-row:visible", has_text="5559.00").wait_for()
    assert page.locator(".tape-row[data-large=true]:visible").count() >= 1
    page.locator("#tape-least").select_option("100")
    page.wait_for_function(
        "() => document.querySelectorAll('.tape-row:not([hidden])').length === 6"
    )
    page.locator("#tape-least").select_option("0")
    page.locator(".tape-row:visible", has_text="5559.00").wait_for()
    tape = page.locator("#tape-list")
    tape.hover()
    page.mouse.wheel(0, SCROLLED_PX)
    # The browser may scroll bit by bit.
    page.wait_for_function(
        "scrolled => document.getElementById('tape-list').scrollTop === scrolled", arg=SCROLLED_PX
    )
    newest = page.locator("#tape-newest")
    newest.wait_for(state="visible")
    seen = tape.evaluate("list => [list.scrollTop, list.innerText]")
    stage.trade("ESU4", "5600", 4, at_ms=START_MS + 100)
    page.locator("#tape-newest", has_text="1 newer").wait_for()
    assert tape.evaluate("list => [list.scrollTop, list.innerText]") == seen
    newest.click()
    page.wait_for_function("() => document.querySelector('.tape-price')?.innerText === '5600.00'")
    assert not newest.is_visible()


def test_a_traced_trade_is_followed_as_long_as_its_row_is_there(
    stage: Stage, open_page: OpenPage
) -> None:
    chart = open_page(stage.url, symbol="ESU4", renderer="canvas2d")
    traced = chart.page.locator(".tape-follow:visible")
    stage.trade("ESU4", "5500", 3, at_ms=START_MS)
    wanted = stage.market.id

    def is_traced() -> bool:
        stage.trace("ESU4")  # dropped by the page until it knows the server's clock
        return traced.count() == 1

    wait_until(is_traced, "the first trade is traced")
    for k in range(1, JOURNEYS + 1):
        stage.trade("ESU4", f"{5500 + k}", 3, at_ms=START_MS + k)
        stage.trace("ESU4")
    expect(traced).to_have_count(JOURNEYS + 1)
    traced.last.click()
    expect(chart.page.locator("#pipeline-panel .follow")).to_have_attribute("data-trace", wanted)
    assert chart.complaints == []


def test_all_keys_are_shown_and_do_what_they_say(stage: Stage, open_page: OpenPage) -> None:
    chart = open_page(stage.url, symbol="ESU4", renderer="canvas2d")
    page = chart.page
    page.locator("#chart").focus()
    page.keyboard.press("?")
    sheet = page.get_by_role("dialog", name="Keyboard shortcuts")
    sheet.wait_for(state="visible")
    assert "Choose a symbol" in sheet.inner_text()
    assert "Read candle by candle" in sheet.inner_text()
    page.keyboard.press("Escape")
    sheet.wait_for(state="hidden")
    page.keyboard.press("t")
    assert chart.data("theme") == "light"
    page.keyboard.press("i")
    page.locator("#indicator-panel").wait_for(state="visible")
    page.keyboard.type("?")
    assert not sheet.is_visible()


def test_a_daily_candle_bears_its_date_west_of_utc(stage: Stage, browser: Browser) -> None:
    context = browser.new_context(
        timezone_id="America/Los_Angeles", viewport={"width": 1280, "height": 800}
    )
    try:
        page = context.new_page()
        page.add_init_script("localStorage.setItem('tickfire.zone', 'local')")
        query = {"symbol": "ESU4", "interval": "1d", "renderer": "canvas2d"}
        Chart(page).go(stage.url, query)
        page.locator("#chart").focus()
        page.keyboard.press("Shift+ArrowLeft")
        label = page.locator(".label-time")
        label.wait_for(state="visible")
        assert label.inner_text() == "Sun 30 Jun 2024"
    finally:
        context.close()
