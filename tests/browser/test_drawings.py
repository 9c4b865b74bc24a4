"""Drawings: made by mouse and keys, undone, kept, and the same on both renderers."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.browser.chromium import Chart, OpenPage
from tests.support.browser.pixels import assert_equal, shoot_pane
from tests.support.browser.stage import Stage

pytestmark = pytest.mark.browser

type Share = tuple[float, float]


def choose(chart: Chart, tool: str) -> None:
    chart.page.click("#draw")
    chart.page.get_by_role("button", name=tool, exact=True).click()
    chart.page.locator("#drawing-panel").wait_for(state="hidden")


def drag(chart: Chart, start: Share, end: Share) -> None:
    """Drag the mouse between two places, each as shares of the pane's width and height."""
    box: Any = chart.page.locator("#chart .pane").bounding_box()
    places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in (start, end)]
    mouse = chart.page.mouse
    mouse.move(*places[0])
    mouse.down()
    mouse.move(*places[1], steps=5)
    mouse.up()
    chart.settle()


def kept(chart: Chart) -> list[dict[str, Any]]:
    """Return the drawings that the browser keeps."""
    drawings: list[dict[str, Any]] = chart.page.evaluate(
        "JSON.parse(localStorage['tickfire.drawings'] ?? '{\"drawings\":[]}').drawings"
    )
    return drawings


def kinds(chart: Chart) -> list[str]:
    return [each["kind"] for each in kept(chart)]


def test_drawings_by_mouse_and_keys_are_undone_and_kept(stage: Stage, open_page: OpenPage) -> None:
    chart = open_page(stage.url, symbol="ESU4", renderer="canvas2d")
    page = chart.page
    choose(chart, "Trend line")
    drag(chart, (0.4, 0.3), (0.6, 0.5))
    (line,) = kept(chart)
    assert line["kind"] == "trend"
    assert line["symbol"] == "ESU4"
    assert line["anchors"][0]["time"] < line["anchors"][1]["time"]
    assert line["anchors"][0]["price"] > line["anchors"][1]["price"]
    page.keyboard.press("d")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    for key in ("ArrowUp", "ArrowUp", "Enter"):
        page.keyboard.press(key)
    assert kinds(chart) == ["trend", "horizontal"]
    assert page.get_attribute("#draw", "data-count") == "2"
    page.keyboard.press("Delete")
    assert kinds(chart) == ["trend"]
    page.keyboard.press("Control+z")
    assert kinds(chart) == ["trend", "horizontal"]
    page.click("#draw")
    page.get_by_role("button", name="Undo", exact=True).click()
    assert kinds(chart) == ["trend"]
    page.get_by_role("button", name="Redo", exact=True).click()
    before = kept(chart)
    assert kinds(chart) == ["trend", "horizontal"]
    page.keyboard.press("Escape")
    page.reload()
    chart.wait_live()
    page.wait_for_selector("#draw[data-count='2']")
    page.keyboard.press("3")
    chart.wait_data("interval", "5m")
    assert page.get_attribute("#draw", "data-count") == "2"
    page.click("#watch .watch-row >> text=NQU4")
    # The symbol is told before its candles are there.
    page.wait_for_selector("#draw[data-count='']")
    assert kept(chart) == before
    assert chart.complaints == []


def test_the_draw_panel_says_which_tool_is_chosen_and_clears(
    stage: Stage, open_page: OpenPage
) -> None:
    chart = open_page(stage.url, symbol="ESU4", renderer="canvas2d")
    page = chart.page
    choose(chart, "Rectangle")
    page.click("#draw")
    pressed = page.locator("#drawing-panel [aria-pressed=true]")
    assert pressed.all_inner_texts() == ["Rectangle"]
    page.get_by_role("button", name="Magnet").click()
    assert pressed.all_inner_texts() == ["Rectangle", "Magnet"]
    page.keyboard.press("Escape")
    drag(chart, (0.5, 0.2), (0.7, 0.6))
    page.click("#draw")
    assert pressed.all_inner_texts() == ["Select", "Magnet"]
    page.get_by_role("button", name="Clear").click()
    assert kinds(chart) == []
    assert page.get_by_role("button", name="Clear").get_attribute("aria-disabled") == "true"


def test_both_renderers_draw_the_same(stage: Stage, open_page: OpenPage) -> None:
    shots = []
    for name in ("webgpu", "canvas2d"):
        chart = open_page(stage.url, renderer=name, symbol="ESU4")
        before = shoot_pane(chart)
        for tool, start, end in [
            ("Trend line", (0.2, 0.3), (0.5, 0.55)),
            ("Horizontal line", (0.5, 0.7), (0.5, 0.7)),
            ("Rectangle", (0.55, 0.2), (0.8, 0.6)),
        ]:
            choose(chart, tool)
            drag(chart, start, end)
        assert kinds(chart) == ["trend", "horizontal", "rectangle"]
        shots.append(shoot_pane(chart))
        assert (shots[-1] != before).any()
    assert_equal(*shots)


def test_drawings_of_another_window_appear(stage: Stage, open_page: OpenPage) -> None:
    chart = open_page(stage.url, symbol="ESU4", renderer="canvas2d")
    other = chart.page.context.new_page()
    other.goto(chart.page.url)
    other.wait_for_selector("#draw[data-count='']")
    choose(chart, "Trend line")
    drag(chart, (0.4, 0.3), (0.6, 0.5))
    other.wait_for_selector("#draw[data-count='1']")


@pytest.mark.parametrize("text", ["{", json.dumps({"version": 9, "drawings": []})])
def test_drawings_that_cannot_be_read_are_set_aside_and_told(
    stage: Stage, open_page: OpenPage, text: str
) -> None:
    init = f"localStorage.setItem('tickfire.drawings', {json.dumps(text)});"
    chart = open_page(stage.url, symbol="ESU4", init=init)
    assert chart.text(".toast").startswith("The kept drawings cannot be read and were set aside")
    assert chart.page.evaluate("localStorage['tickfire.drawings-unreadable']") == text
