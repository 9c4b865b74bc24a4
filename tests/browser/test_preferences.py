"""Preferences of users in their systems and browsers: less motion, forced colours, full screen."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.support.browser.chromium import Chart, open_chart
from tests.support.browser.stage import START_MS, Market, Stage

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def chart(static: Path, browser: Browser) -> Iterator[Chart]:
    market = Market(history=200)
    market.origin = "simulated"
    stage = Stage(market, static)
    stage.serving.start()
    chart = open_chart(browser, stage.url, symbol="ESU4", renderer="canvas2d")
    stage.trade("ESU4", "5524", 3, at_ms=START_MS)
    chart.wait_data("lastPrice", "5524")
    yield chart
    chart.page.context.close()
    stage.serving.stop()
    assert chart.complaints == []


def test_reduced_motion_stills_every_animation(chart: Chart) -> None:
    page = chart.page
    page.emulate_media(reduced_motion="reduce")
    page.click("#draw")
    page.locator("#drawing-panel").wait_for(state="visible")
    running = "document.getAnimations().filter(({ playState }) => playState === 'running').length"
    page.wait_for_function(f"() => {running} === 0")
    durations = page.evaluate(
        """() => [...document.querySelectorAll("*")].flatMap((element) => {
          const { animationDuration, transitionDuration } = getComputedStyle(element);
          return [animationDuration, transitionDuration].flatMap((text) => text.split(", "));
        }).map(parseFloat)"""
    )
    assert max(durations) <= 0.001
    page.keyboard.press("Escape")
    page.emulate_media(reduced_motion="no-preference")


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_forced_colours_leave_everything_visible_and_the_focus_seen(
    chart: Chart, theme: str
) -> None:
    page = chart.page
    if chart.data("theme") != theme:
        page.click("#theme")
    page.emulate_media(forced_colors="active")
    chart.settle()
    canvas_text = page.evaluate(
        """() => {
          const probe = document.body.appendChild(document.createElement("i"));
          probe.style.color = "CanvasText";
          const { color } = getComputedStyle(probe);
          probe.remove();
          return color;
        }"""
    )
    colors = page.evaluate(
        """() => ["#last", "#bid", "#news-empty", ".tape-columns"].map((selector) =>
          getComputedStyle(document.querySelector(selector)).color)"""
    )
    assert colors == [canvas_text] * 4
    # The chart keeps its own colours, and so can be told from its ground.
    assert page.evaluate(
        """() => {
          const { color, backgroundColor } = getComputedStyle(document.querySelector("#chart"));
          return color !== backgroundColor;
        }"""
    )
    for selector in ("#symbol", "#intervals [tabindex='0']", "#draw", "#scale", "#chart", "#zone"):
        page.locator(selector).focus()
        page.keyboard.press("Shift")
        outline = page.locator(selector).evaluate(
            """(element) => {
              const { outlineStyle, outlineWidth } = getComputedStyle(element);
              return [outlineStyle, parseFloat(outlineWidth)];
            }"""
        )
        assert outline[0] != "none", selector
        assert outline[1] >= 1, selector
    pressed, other = page.evaluate(
        """() => ["true", "false"].map((isOn) => getComputedStyle(
          document.querySelector(`#intervals [aria-pressed=${isOn}]`)).backgroundColor)"""
    )
    assert pressed != other
    page.emulate_media(forced_colors="none")


def test_more_contrast_reaches_the_chart(chart: Chart) -> None:
    page = chart.page
    strong = "getComputedStyle(document.querySelector('#chart')).getPropertyValue('--chart-grid')"
    before = page.evaluate(strong)
    page.emulate_media(contrast="more")
    page.wait_for_function(f"(before) => {strong} !== before", arg=before)
    page.emulate_media(contrast="no-preference")
    page.wait_for_function(f"(before) => {strong} === before", arg=before)


def test_full_screen_by_button_and_key_ends_by_either_and_by_escape(chart: Chart) -> None:
    page = chart.page
    button = page.locator("#fullscreen")

    def wait(is_full: bool) -> None:
        pressed = str(is_full).lower()
        page.locator(f"#fullscreen[aria-pressed={pressed}]").wait_for()
        assert page.evaluate("document.fullscreenElement !== null") is is_full

    button.click()
    wait(True)
    assert button.get_attribute("aria-label") == "Full screen"
    button.click()
    wait(False)
    page.locator("#chart").focus()
    page.keyboard.press("f")
    wait(True)
    page.keyboard.press("f")
    wait(False)
    page.keyboard.press("f")
    wait(True)
    page.keyboard.press("Escape")
    wait(False)


def test_the_origin_of_prices_is_told_and_explained(chart: Chart) -> None:
    page = chart.page
    chip = page.locator("#origin")
    assert chip.inner_text() == "Simulated"
    chip.click()
    tip = page.locator("#tip")
    tip.wait_for(state="visible")
    assert "made up by a simulated market" in tip.inner_text()
    page.keyboard.press("Escape")
    tip.wait_for(state="hidden")
    page.locator("#symbol").focus()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "origin"
    tip.wait_for(state="visible")
    page.keyboard.press("Escape")
