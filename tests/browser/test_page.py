"""The dashboard in headless Chromium, on a stage that only the test moves."""

from __future__ import annotations

import pytest

from tests.support.browser.chromium import OpenPage, check_chart
from tests.support.browser.stage import START_MS, Market, Stage

pytestmark = pytest.mark.browser

RENDERERS = ["webgpu", "canvas2d"]


@pytest.mark.parametrize("renderer", RENDERERS)
def test_shows_candles_and_axes_without_a_complaint(
    stage: Stage, open_page: OpenPage, renderer: str
) -> None:
    chart = open_page(stage.url, renderer=renderer, symbol="ESU4")
    check_chart(chart, chart.shoot())
    assert chart.data("renderer") == renderer
    assert chart.data("candles") == "600"
    assert chart.page.evaluate("crossOriginIsolated")
    assert chart.complaints == []


@pytest.mark.parametrize("renderer", RENDERERS)
def test_last_price_is_the_streams(stage: Stage, open_page: OpenPage, renderer: str) -> None:
    chart = open_page(stage.url, renderer=renderer, symbol="ESU4")
    stage.trade("ESU4", "5524.5", 3, at_ms=START_MS)
    stage.trade("NQU4", "20019", 1, at_ms=START_MS + 1)
    chart.wait_data("lastPrice", "5524.5")
    chart.page.wait_for_function(
        "() => document.querySelector('.label-last')?.innerText === '5524.50'"
    )
    assert chart.text("#last") == "5524.50"
    chart.page.wait_for_function("() => document.querySelector('#bid')?.innerText === '5524.25'")
    assert chart.text(".tape-row .tape-price >> nth=0") == "5524.50"
    chart.page.wait_for_function(
        """() => [...document.querySelectorAll(".watch-row")].some((row) =>
          row.innerText.includes("NQU4") && row.innerText.includes("20019.00"))"""
    )
    chart.wait_data("candles", "601")
    assert chart.complaints == []


def test_a_software_adapter_gets_the_canvas(stage: Stage, open_page: OpenPage) -> None:
    chart = open_page(stage.url)
    is_fallback = chart.page.evaluate(
        "navigator.gpu.requestAdapter().then((adapter) => adapter?.info.isFallbackAdapter ?? true)"
    )
    assert chart.data("renderer") == ("canvas2d" if is_fallback else "webgpu")


def test_a_tick_that_moves_no_axis_draws_no_axis(stage: Stage, open_page: OpenPage) -> None:
    chart = open_page(stage.url, renderer="webgpu", symbol="ESU4")
    stage.trade("ESU4", "5524.25", 1, at_ms=START_MS)
    chart.wait_data("candles", "601")
    chart.settle()
    draws, frames = int(chart.data("axisDraws")), int(chart.data("frames"))
    for i in range(1, 6):
        stage.trade("ESU4", f"{5524 + i % 2}", 1, at_ms=START_MS + i)
        chart.wait_data("lastPrice", f"{5524 + i % 2}")
        chart.settle()
    assert int(chart.data("frames")) > frames
    assert int(chart.data("axisDraws")) == draws


@pytest.mark.parametrize("renderer", RENDERERS)
def test_goes_on_without_a_reload_when_the_server_comes_back(
    stage: Stage, open_page: OpenPage, renderer: str
) -> None:
    chart = open_page(stage.url, renderer=renderer, symbol="ESU4")
    chart.page.evaluate("window.sameDocument = true")
    stage.trade("ESU4", "5524.5", 3, at_ms=START_MS)
    chart.wait_data("ticks", "1")
    last_id = stage.market.id
    chart.wait_data("position", last_id)  # by the symbol's own topic, too
    stage.serving.stop()
    chart.wait_data("state", "reconnecting")
    assert "Reconnecting" in chart.text("#connection-text")
    stage.market.joins.clear()
    stage.serving.start()
    chart.wait_live()
    resumed = dict(stage.market.joins)
    assert resumed["market:realtime"] == {"since": last_id}
    assert resumed["market:ESU4"] == {"since": last_id}
    chart.page.wait_for_function(
        "() => document.getElementById('status-event').innerText === 'Resumed without a gap'"
    )
    stage.trade("ESU4", "5525.75", 3, at_ms=START_MS + 1000)
    chart.wait_data("lastPrice", "5525.75")
    assert chart.page.evaluate("window.sameDocument")


def test_works_on_when_the_epoch_is_another(stage: Stage, open_page: OpenPage) -> None:
    chart = open_page(stage.url, symbol="ESU4")
    stage.trade("ESU4", "5524.5", 3, at_ms=START_MS)
    chart.wait_data("ticks", "1")
    stage.serving.stop()
    fresh = Market(history=300)
    vars(stage.market).update(vars(fresh))
    stage.serving.start()
    chart.wait_live()
    chart.wait_data("candles", "300")
    assert chart.text("#status-event").startswith("Missed ")
    stage.trade("ESU4", "5523", 3, at_ms=START_MS + 1000)
    chart.wait_data("lastPrice", "5523")
    chart.wait_data("candles", "301")


def test_a_reset_replaces_the_history(stage: Stage, open_page: OpenPage) -> None:
    chart = open_page(stage.url, symbol="ESU4")
    bars = stage.market.instruments["ESU4"].bars["1m"][:50]
    stage.serving.call(
        lambda: stage.market.broadcast(
            "candles:ESU4:1m", "reset", {"candles": bars, "id": stage.market.id}
        )
    )
    chart.wait_data("candles", "50")
    check_chart(chart, chart.shoot())


def test_symbols_are_searched_and_chosen_by_keyboard(stage: Stage, open_page: OpenPage) -> None:
    chart = open_page(stage.url, symbol="ESU4")
    chart.page.keyboard.press("/")
    chart.page.keyboard.type("eur")
    chart.page.wait_for_function("() => document.querySelector('.watch-change').innerText !== ''")
    (row,) = chart.page.locator(".watch-row").all_inner_texts()
    assert row.split() == ["EUR/USD", "1.07310", "\u22120.06%"]
    chart.page.keyboard.press("Enter")
    chart.wait_data("symbol", "EUR/USD")
    chart.wait_live()
    assert chart.text(".legend-title") == "EUR/USD · 1m"
    assert "symbol=EUR%2FUSD" in chart.page.evaluate("location.search")
    chart.page.locator("#chart").focus()
    chart.page.keyboard.press("5")
    chart.wait_data("interval", "1h")
    chart.wait_live()
    chart.page.wait_for_function(
        "() => document.querySelector('.legend-title')?.innerText === 'EUR/USD · 1h'"
    )
    assert chart.complaints == []


def test_the_chart_is_panned_zoomed_and_read_by_keyboard(stage: Stage, open_page: OpenPage) -> None:
    chart = open_page(stage.url, symbol="ESU4")
    page = chart.page
    latest = page.locator(".go-latest")
    page.locator("#chart").focus()
    page.keyboard.press("Home")
    latest.wait_for(state="visible")
    page.keyboard.press("End")
    latest.wait_for(state="hidden")
    page.keyboard.press("Shift+ArrowLeft")
    chart.settle()
    newest = stage.market.instruments["ESU4"].bars["1m"][-1]
    assert f"{float(newest[1]):.2f}" in chart.text(".legend")
    page.keyboard.press("Shift+ArrowLeft")
    chart.settle()
    before = stage.market.instruments["ESU4"].bars["1m"][-2]
    assert f"{float(before[1]):.2f}" in chart.text(".legend")
    assert page.locator(".label-time").inner_text().startswith("Mon 1 Jul 2024")


def test_a_tap_shows_the_crosshair_and_a_drag_pans(stage: Stage, open_page: OpenPage) -> None:
    chart = open_page(stage.url, symbol="ESU4", touch=True)
    page = chart.page
    page.touchscreen.tap(600, 400)
    page.locator(".label-time").wait_for(state="visible")
    fingers = page.context.new_cdp_session(page)
    for kind, x in (("touchStart", 400), ("touchMove", 600), ("touchMove", 900)):
        points = [{"x": x, "y": 400}]
        fingers.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    fingers.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    page.locator(".go-latest").wait_for(state="visible")
    page.locator(".go-latest").click()
    page.locator(".go-latest").wait_for(state="hidden")


def test_symbols_keep_their_change_when_the_table_comes_anew(
    stage: Stage, open_page: OpenPage
) -> None:
    chart = open_page(stage.url, symbol="ESU4")
    all_changes = """() => [...document.querySelectorAll(".watch-change")].length === 6 &&
      [...document.querySelectorAll(".watch-change")].every((each) => each.innerText !== "")"""
    chart.page.wait_for_function(all_changes)
    for table in ([], stage.market.table()):
        payload = {"instruments": table}
        stage.serving.call(
            lambda payload=payload: stage.market.broadcast(  # type: ignore[misc]
                "market:realtime", "instruments", payload
            )
        )
    stage.trade("ESU4", "5524.5", 3, at_ms=START_MS)
    chart.wait_data("lastPrice", "5524.5")
    chart.page.wait_for_function(all_changes)


def test_an_unknown_symbol_falls_back_to_one_that_is_there(
    stage: Stage, open_page: OpenPage
) -> None:
    chart = open_page(stage.url, symbol="NOSUCH")
    assert chart.data("symbol") == "CLQ4"
    assert chart.text("#notice-text") == "NOSUCH is not in this market; showing CLQ4."
    chart.page.get_by_role("button", name="Choose a symbol", exact=True).click()
    assert chart.page.evaluate("document.activeElement.id") == "search"
    assert not chart.page.locator("#notice").is_visible()


def test_a_symbol_is_found_in_any_case(stage: Stage, open_page: OpenPage) -> None:
    chart = open_page(stage.url, symbol="eur/usd")
    assert chart.data("symbol") == "EUR/USD"
    assert not chart.page.locator("#notice").is_visible()


def test_an_unknown_interval_or_indicator_is_told(stage: Stage, open_page: OpenPage) -> None:
    chart = open_page(stage.url, symbol="ESU4", interval="7m", indicators="ema(20),nosuch(3)")
    assert "There are no 7m candles." in chart.text("#notice-text")
    assert chart.data("interval") == "1m"
    assert 'there is no indicator "nosuch"' in chart.text("#status-event")
    assert chart.text("#indicators") == "Indicators"
    assert chart.page.locator("#indicators").get_attribute("data-count") == "1"


def test_back_and_forth_return_to_what_was_shown(stage: Stage, open_page: OpenPage) -> None:
    chart = open_page(stage.url, symbol="ESU4")
    page = chart.page
    page.locator(".watch-row", has_text="NQU4").click()
    chart.wait_data("symbol", "NQU4")
    page.get_by_role("button", name="1h", exact=True).click()
    chart.wait_data("interval", "1h")
    page.go_back()
    chart.wait_data("interval", "1m")
    assert chart.data("symbol") == "NQU4"
    page.go_back()
    chart.wait_data("symbol", "ESU4")
    chart.wait_live()
    page.go_forward()
    page.go_forward()
    chart.wait_data("interval", "1h")
    chart.wait_data("symbol", "NQU4")
    assert "symbol=NQU4&" in page.evaluate("location.search")
    chart.wait_live()


def test_the_view_is_kept_without_an_address(stage: Stage, open_page: OpenPage) -> None:
    chart = open_page(stage.url, symbol="NQU4", interval="5m")
    chart.page.goto(stage.url)
    chart.wait_live()
    assert (chart.data("symbol"), chart.data("interval")) == ("NQU4", "5m")


def test_the_title_has_all_decimals(stage: Stage, open_page: OpenPage) -> None:
    chart = open_page(stage.url, symbol="ESU4")
    stage.trade("ESU4", "5524.5", 3, at_ms=START_MS)
    chart.page.wait_for_function("() => document.title === '5524.50 ESU4'")


def test_waits_for_instruments_and_goes_on_when_they_come(
    stage: Stage, open_page: OpenPage
) -> None:
    market = stage.market
    held, market.instruments = market.instruments, {}
    chart = open_page(stage.url, live=False)
    chart.wait_data("state", "waiting")
    chart.page.wait_for_function(
        "() => document.getElementById('chart-empty').innerText === 'Waiting for instruments'"
    )
    market.instruments = held
    table = {"instruments": market.table()}
    stage.serving.call(lambda: market.broadcast("market:realtime", "instruments", table))
    chart.wait_live()
    assert chart.text("#chart-empty") == ""


def test_plain_http_from_elsewhere_is_told_why_it_has_no_gpu(
    stage: Stage, open_page: OpenPage
) -> None:
    url = stage.url.replace("127.0.0.1", "insecure.test")
    chart = open_page(url, renderer="webgpu")
    assert chart.data("renderer") == "canvas2d"
    assert "plain http" in chart.text("#notice")
    chart.page.locator("#notice-close").click()
    chart.page.locator("#notice").wait_for(state="hidden")
    check_chart(chart, chart.shoot())


def test_light_theme_is_kept(stage: Stage, open_page: OpenPage) -> None:
    chart = open_page(stage.url, symbol="ESU4")
    chart.page.locator("#theme").click()
    check_chart(chart, chart.shoot())
    assert chart.color("--chart-background") == (255, 255, 255)
    chart.page.reload()
    chart.wait_live()
    assert chart.data("theme") == "light"


def test_headlines_are_shown_and_only_web_addresses_are_links(
    stage: Stage, open_page: OpenPage
) -> None:
    blank = {"summary": "", "source": "Wire", "published": START_MS, "symbols": ["NQU4"]}
    stage.market.headlines = [{**blank, "id": "1", "title": "First", "url": "javascript:alert(1)"}]
    chart = open_page(stage.url, symbol="ESU4")
    fresh = {**blank, "id": "2", "title": "<b>Second</b>", "url": "https://example.com/2"}
    stage.serving.call(lambda: stage.market.broadcast("news:headlines", "headline", fresh))
    chart.page.wait_for_function("() => document.querySelectorAll('.news-item').length === 2")
    titles = chart.page.locator(".news-title")
    assert titles.all_inner_texts() == ["<b>Second</b>", "First"]
    assert titles.nth(0).get_attribute("href") == "https://example.com/2"
    assert titles.nth(1).get_attribute("href") is None
    chart.page.locator(".news-tag >> nth=0").click()
    chart.wait_data("symbol", "NQU4")
