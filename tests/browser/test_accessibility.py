"""The page for all: axe in both themes, one Tab stop a list, a chart that speaks, explanations."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.support.browser.axe import assert_axe_passes, load_axe
from tests.support.browser.chromium import Chart, OpenPage, open_chart
from tests.support.browser.stage import START_MS, Market, Stage, staged

pytestmark = pytest.mark.browser

PHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1440, "height": 900}
SAID: dict[str, Any] = {"symbol": "ESU4", "timestamp": START_MS - 90_000, "model": "anomaly/1"}


@pytest.fixture(scope="module")
def busy(static: Any) -> Iterator[Stage]:
    """A market with something to see in every panel."""
    market = Market(history=200)
    sentiment = {
        "score": 0.88,
        "probabilities": {"bearish": 0.02, "neutral": 0.08, "bullish": 0.9},
        "abstained": False,
        "words": [["beats", 0.85]],
        "model": "sentiment/1",
    }
    labels = ("bullish", "bearish", "neutral")
    market.headlines = [
        {"id": str(k), "title": f"Headline {k}", "summary": "More of it", "source": "Wire",
         "url": "https://example.com/", "published": START_MS - 30_000, "symbols": ["ESU4", "NQU4"],
         "sentiment": {**sentiment, "label": labels[k % 3], "abstained": k == 4}}
        for k in range(9)
    ]  # fmt: skip
    market.signals = [
        {**SAID, "event": "anomaly", "id": "1-0", "feature": "volume", "score": 1.62, "z": 12.3,
         "value": 66050.0, "expected": 96.4, "unit": "", "features": {"volume": 12.3},
         "text": "volume 6.605e+04, usually 96.4: 12.3 deviations"},
        {**SAID, "event": "pattern", "id": "2-0", "name": "hammer", "interval": "1m",
         "direction": "bullish", "quality": 1.0},
        {**SAID, "event": "signal", "id": "3-0", "kind": "direction", "says": "up",
         "probability": 0.507, "base_rate": 0.496, "n": 1733, "interval": [0.492, 0.539],
         "expected_net_bp": 0.2, "cost_bp": 1.0, "horizon": "5m"},
    ]  # fmt: skip
    with staged(market, static) as stage:
        yield stage


@pytest.fixture(scope="module", params=["dark", "light"])
def themed(request: pytest.FixtureRequest, busy: Stage, browser: Browser) -> Iterator[Chart]:
    init = f"localStorage.setItem('tickfire.theme', '{request.param}')"
    chart = open_chart(browser, busy.url, symbol="ESU4", renderer="canvas2d", init=init)
    for k in range(30):
        side = "AB"[k % 2]
        busy.trade("ESU4", f"{5524 + k % 5}", 40 if k == 25 else 3, at_ms=START_MS + k, side=side)
    chart.wait_data("lastPrice", "5528")
    load_axe(chart.page)
    yield chart
    chart.page.context.close()


def test_axe_finds_nothing_serious_on_a_desktop(themed: Chart) -> None:
    page = themed.page
    page.set_viewport_size(DESKTOP)  # type: ignore[arg-type]
    themed.settle()
    assert_axe_passes(page, "desktop")
    page.locator(".signal-item").first.focus()
    page.keyboard.press("ArrowDown")
    page.locator("#tip").wait_for(state="visible")
    page.locator("#indicators").click()
    page.locator("#indicator-panel").wait_for(state="visible")
    assert_axe_passes(page, "with the indicators open")
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    page.locator("#chart").focus()
    page.keyboard.press("?")
    page.get_by_role("dialog", name="Keyboard shortcuts").wait_for(state="visible")
    assert_axe_passes(page, "with the keys open")
    page.keyboard.press("Escape")


@pytest.mark.parametrize("sheet", ["watch", "book", "tape", "news", "signals", "pipeline"])
def test_axe_finds_nothing_serious_on_a_phone(themed: Chart, sheet: str) -> None:
    page = themed.page
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    page.locator(f".tabs [data-opens={sheet}]").click()
    page.locator(f"[data-panel={sheet}]").wait_for(state="visible")
    # One that is replaced by another is rejected.
    page.evaluate("Promise.allSettled(document.getAnimations().map(({ finished }) => finished))")
    assert_axe_passes(page, sheet)


def test_a_list_is_one_stop_of_the_tab_key(busy: Stage, open_page: OpenPage) -> None:
    chart = open_page(busy.url, symbol="ESU4", renderer="canvas2d")
    page = chart.page
    page.locator(".news-tag").first.wait_for()
    page.locator(".signal-item").first.wait_for()
    for selector in ("#news-list", "#signals-list", "#watch-list", "#intervals", ".watch-columns"):
        stops = page.locator(f"{selector} [tabindex='0']").count()
        assert stops == 1, selector
        reachable = page.locator(f"{selector} :is(a[href], button):not([tabindex='-1'])").count()
        assert reachable <= 1, selector
    page.locator("#news-list [tabindex='0']").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    focused = "document.activeElement.closest('.news-item').innerText"
    assert "Headline 7" in page.evaluate(focused)
    page.keyboard.press("End")
    assert "Headline 0" in page.evaluate(focused)
    fresh = {**busy.market.headlines[0], "id": "new", "title": "Just in"}
    busy.serving.call(lambda: busy.market.broadcast("news:headlines", "headline", fresh))
    page.locator(".news-item", has_text="Just in").wait_for()
    assert "Headline 0" in page.evaluate(focused)


def test_the_keyboard_reads_candles_aloud(busy: Stage, open_page: OpenPage) -> None:
    chart = open_page(busy.url, symbol="ESU4", renderer="canvas2d", interval="5m")
    page = chart.page
    bar = busy.market.instruments["ESU4"].bars["5m"][-2]
    page.locator("#chart").focus()
    page.keyboard.press("Shift+ArrowLeft")
    page.keyboard.press("Shift+ArrowLeft")
    clock = datetime.fromtimestamp(bar[0] / 1000, UTC).strftime("%H:%M")
    page.locator("#chart-speech", has_text=clock).wait_for()
    text = page.locator("#chart-speech").inner_text()
    assert text.startswith("Mon 1 Jul 2024")
    assert f"open {float(bar[1]):.2f}" in text
    page.mouse.move(600, 400)
    page.keyboard.press("Escape")
    page.wait_for_function("() => document.querySelector('#chart-speech')?.textContent === ''")


def test_an_explanation_opens_by_mouse_by_keyboard_and_by_finger(
    busy: Stage, open_page: OpenPage
) -> None:
    chart = open_page(busy.url, symbol="ESU4", renderer="canvas2d", touch=True)
    page = chart.page
    tip = page.locator("#tip")
    anomaly = page.locator(".signal-item", has_text="Unusual volume")
    anomaly.hover()
    tip.wait_for(state="visible")
    assert "A trade of 66,050, where about 96.4 is usual." in tip.inner_text()
    assert "12.3 standard deviations from usual" in tip.inner_text()
    assert anomaly.get_attribute("aria-describedby") == "tip"
    tip.hover()
    assert tip.is_visible()
    page.keyboard.press("Escape")
    tip.wait_for(state="hidden")
    assert anomaly.get_attribute("aria-describedby") is None

    page.locator("#signals-outlook [tabindex='0']").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    tip.wait_for(state="visible")
    assert tip.inner_text().startswith("Usual")
    page.keyboard.press("ArrowRight")
    page.wait_for_function("() => document.querySelector('#tip')?.innerText.startsWith('Cases')")
    page.keyboard.press("Escape")

    page.locator("#change").tap()
    tip.wait_for(state="visible")
    assert "previous day" in tip.inner_text()
    page.locator("#change").tap()
    tip.wait_for(state="hidden")
    marker = page.locator(".marker").first
    marker.tap()
    tip.wait_for(state="visible")
    assert page.locator("[title]:visible").count() == 0 or tip.inner_text() != ""
    assert chart.complaints == []


def test_markers_are_one_stop_of_the_tab_key_and_open_by_keys_and_by_finger(
    busy: Stage, open_page: OpenPage
) -> None:
    chart = open_page(busy.url, symbol="ESU4", renderer="canvas2d", touch=True)
    page = chart.page
    tip = page.locator("#tip")
    marks = page.locator(".marker:visible")
    page.locator(".marker", has_text="N").wait_for()
    assert sorted(marks.all_inner_texts()) == ["!", "N9", "▲"]
    assert page.locator(".marker[tabindex='0']").count() == 1
    page.locator("#chart").focus()
    page.keyboard.press("Tab")
    tip.wait_for(state="visible")
    before = page.evaluate("document.activeElement.innerText")
    left = chart.page.evaluate("document.querySelector('.marker').style.transform")
    seen = {before}
    for _ in range(2):
        page.keyboard.press("ArrowLeft")
        glyph = page.evaluate("document.activeElement.innerText")
        seen.add(glyph)
        tip.wait_for(state="visible")
        told = page.evaluate("document.activeElement.ariaLabel").removeprefix(f"{glyph}: ")
        assert tip.inner_text().startswith(told.split("\n")[0])
    assert seen == {"!", "N9", "▲"}
    # The arrows walk through the markers, and do not move the chart.
    assert page.evaluate("document.querySelector('.marker').style.transform") == left
    page.keyboard.press("Escape")
    tip.wait_for(state="hidden")
    for glyph in ("N9", "!", "▲"):
        page.locator(".marker", has_text=glyph).tap()
        tip.wait_for(state="visible")
        told = page.locator(".marker", has_text=glyph).get_attribute("aria-label") or ""
        assert tip.inner_text().startswith(told.removeprefix(f"{glyph}: ").split("\n")[0])
        page.keyboard.press("Escape")
        tip.wait_for(state="hidden")
    assert chart.complaints == []


def test_a_focused_marker_keeps_the_focus_while_others_come(
    busy: Stage, open_page: OpenPage
) -> None:
    chart = open_page(busy.url, symbol="ESU4", renderer="canvas2d")
    page = chart.page
    page.locator(".marker", has_text="!").focus()
    focused = "document.activeElement.ariaLabel ?? ''"
    before = page.evaluate(focused)
    earlier = {**SAID, "event": "pattern", "id": "9-0", "name": "hammer", "interval": "1m",
               "timestamp": START_MS - 900_000, "direction": "bearish", "quality": 1.0}  # fmt: skip
    busy.serving.call(lambda: busy.market.broadcast("signals:ESU4", "pattern", earlier))
    page.locator(".marker", has_text="▼").wait_for()
    assert page.evaluate(focused) == before
    page.locator("#chart").focus()
    page.locator(".marker", has_text="!").focus()
    for _ in range(3):
        page.mouse.move(600, 400)
        page.mouse.wheel(-2000, 0)
    page.wait_for_function("() => document.activeElement.id === 'chart'")


def test_a_faint_forecast_is_not_coloured(busy: Stage, open_page: OpenPage) -> None:
    chart = open_page(busy.url, symbol="ESU4", renderer="canvas2d")
    says = chart.page.locator(".outlook-says")
    says.wait_for()
    assert says.inner_text() == "Slightly up"
    assert says.get_attribute("data-says") == "flat"


def test_the_theme_stands_before_anything_is_painted(busy: Stage, open_page: OpenPage) -> None:
    init = "localStorage.setItem('tickfire.theme', 'light')"
    chart = open_page(busy.url, live=False, init=init)
    script = chart.page.locator("head script:not([type=module])").first
    assert script.get_attribute("src")
    before = chart.page.evaluate(
        "() => document.head.querySelector('script').src.includes('first-paint')"
    )
    assert before
    assert chart.data("theme") == "light"
