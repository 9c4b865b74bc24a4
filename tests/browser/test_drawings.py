"""Drawings: made by mouse and keys, undone, kept, and the same on both renderers."""

from __future__ import annotations

import json
from pathlib import Path
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
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
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


def test_the_draw_panel_is_one_stop_of_the_tab_key(stage: Stage, open_page: OpenPage) -> None:
    chart = open_page(stage.url, symbol="ESU4", renderer="canvas2d")
    page = chart.page
    focused = "document.activeElement.innerText"
    page.keyboard.press("d")
    assert page.evaluate(focused) == "Select"
    page.keyboard.press("End")
    assert page.evaluate(focused) == "Open file…"
    page.keyboard.press("Home")
    page.keyboard.press("ArrowDown")
    assert page.evaluate(focused) == "Trend line"
    page.keyboard.press("Tab")
    assert page.locator("#drawing-panel :focus").count() == 0
    page.keyboard.press("Shift+Tab")
    assert page.evaluate(focused) == "Trend line"


def test_drawings_go_out_and_come_in_as_json(
    stage: Stage, open_page: OpenPage, tmp_path: Path
) -> None:
    chart = open_page(stage.url, symbol="ESU4", renderer="canvas2d")
    page = chart.page
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    choose(chart, "Trend line")
    drag(chart, (0.4, 0.3), (0.6, 0.5))
    (drawn,) = kept(chart)
    page.keyboard.press("Control+c")
    toast(chart, "1 drawing of ESU4 copied, as JSON.")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert json.loads(copied) == {"version": 1, "drawings": [drawn]}
    page.click("#draw")
    with page.expect_download() as download:
        page.get_by_role("button", name="Save file").click()
    assert download.value.suggested_filename.startswith("ESU4-drawings-")
    saved = tmp_path / "drawings.json"
    download.value.save_as(saved)
    assert saved.read_text() == copied
    page.click("#draw")
    page.get_by_role("button", name="Clear").click()
    page.keyboard.press("Escape")
    assert kept(chart) == []
    page.locator("#chart").focus()
    page.keyboard.press("Control+v")
    toast(chart, "1 drawing added.")
    assert kept(chart) == [drawn]

    other = {**drawn, "id": "b", "symbol": "NQU4"}
    saved.write_text(json.dumps({"version": 1, "drawings": [other]}))
    bring(chart, saved)
    toast(chart, "1 drawing added, to charts of other symbols.")
    assert kept(chart) == [drawn, other]
    faults = {
        "{": "the text is not JSON (",
        '{"drawings": []}': "the version of the drawings must be 1, not undefined",
        json.dumps({"version": 1, "drawings": [other, {**drawn, "kind": "arc"}]}): (
            "drawing 2: kind of a drawing must be one of"
        ),
    }
    for text, fault in faults.items():
        saved.write_text(text)
        bring(chart, saved)
        toast(chart, f"No drawing was added: {fault}")
    assert kept(chart) == [drawn, other]
    assert chart.complaints == []


def bring(chart: Chart, file: Path) -> None:
    """Open a file in the Draw panel."""
    chart.page.click("#draw")
    with chart.page.expect_file_chooser() as chooser:
        chart.page.get_by_role("button", name="Open file").click()
    chooser.value.set_files(file)


def toast(chart: Chart, text: str) -> None:
    """Wait for a message, and dismiss it."""
    found = chart.page.locator(".toast", has_text=text)
    found.wait_for()
    found.get_by_role("button").click()


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
