"""Borders between the panes: dragged, moved by keys, reset, told and kept."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.support.browser.bare_chart import BareChart, bare_chart
from tests.support.browser.chromium import OpenPage
from tests.support.browser.pointers import Pointers, line
from tests.support.browser.stage import Stage

pytestmark = pytest.mark.browser

FINGER_PX = 44
STEP_PX = 16
TWO_PANES = """
window.told = [];
chart.on("panes", (heights) => told.push(heights));
for (const name of ["one", "two"]) chart.setSeries(name, series(name));
while (document.querySelectorAll("[role=separator]").length < 2) await frame();
await frame();
"""


@pytest.fixture(scope="module")
def opened(browser: Browser, package: Path) -> Iterator[BareChart]:
    with bare_chart(browser, package) as made:
        yield made


def with_panes(opened: BareChart) -> BareChart:
    opened.make(count=300)
    opened.run(TWO_PANES)
    return opened


@pytest.fixture
def chart(opened: BareChart) -> BareChart:
    return with_panes(opened)


def border(chart: BareChart, name: str) -> dict[str, Any]:
    """Return the bar above a pane: its row, and its value with the limits."""
    bar = chart.page.get_by_role("separator", name=f"Border above {name}")
    box = bar.bounding_box()
    assert box is not None
    value = {key: int(bar.get_attribute(f"aria-value{key}") or "") for key in ("now", "min", "max")}
    return {"y": box["y"] + box["height"] / 2, "height": box["height"], **value}


def legend_top(chart: BareChart, name: str) -> float:
    box = chart.page.locator(".pane-legend", has_text=name).bounding_box()
    assert box is not None
    return box["y"]


def check_drag(chart: BareChart, *, touch: bool, grip_px: float) -> None:
    """Assert that a border follows a drag that begins `grip_px` beside it."""
    before, other = border(chart, "one"), border(chart, "two")
    view, top = chart.view(), legend_top(chart, "one")
    start = before["y"] + grip_px
    Pointers(chart.page).drag(line((400, start), (400, start - 80)), touch=touch)
    chart.rest()
    after = border(chart, "one")
    assert after["y"] == pytest.approx(before["y"] - 80, abs=1)
    assert after["now"] == before["now"] - 80
    assert legend_top(chart, "one") == pytest.approx(top - 80, abs=1)
    assert border(chart, "two")["y"] == other["y"]
    assert chart.view() == view
    told = chart.run("return told;")
    assert list(told[-1]) == ["one"]
    assert told[-1] == chart.run("return chart.paneHeights;")


def test_a_drag_by_mouse_moves_the_border_and_is_told(chart: BareChart) -> None:
    check_drag(chart, touch=False, grip_px=3)


def test_a_finger_finds_a_border_within_44_pixels(browser: Browser, package: Path) -> None:
    with bare_chart(browser, package, touch=True) as opened:
        chart = with_panes(opened)
        assert border(chart, "one")["height"] == FINGER_PX
        check_drag(chart, touch=True, grip_px=FINGER_PX / 2 - 2)


def test_a_border_between_two_panes_leaves_the_candles_alone(chart: BareChart) -> None:
    first, second = border(chart, "one"), border(chart, "two")
    chart.page.get_by_role("separator", name="Border above two").focus()
    chart.page.keyboard.press("ArrowDown")
    chart.settle()
    assert border(chart, "two")["y"] == pytest.approx(second["y"] + STEP_PX, abs=0.5)
    assert border(chart, "one")["y"] == first["y"]
    assert sorted(chart.run("return chart.paneHeights;")) == ["one", "two"]


def test_keys_move_a_border_to_its_limits_and_reset_it(chart: BareChart) -> None:
    bar = chart.page.get_by_role("separator", name="Border above one")
    assert bar.get_attribute("aria-orientation") == "horizontal"
    first, view = border(chart, "one"), chart.view()
    bar.focus()
    for key, value in (("Home", "min"), ("End", "max")):
        chart.page.keyboard.press(key)
        chart.settle()
        moved = border(chart, "one")
        assert moved["now"] == moved[value] == first[value]
    chart.page.keyboard.press("ArrowUp")
    chart.page.keyboard.press("ArrowUp")
    chart.settle()
    assert border(chart, "one")["now"] == first["max"] - 2 * STEP_PX
    assert legend_top(chart, "two") - legend_top(chart, "one") >= FINGER_PX
    for key in ("Enter", "Delete"):
        chart.page.keyboard.press("ArrowUp")
        chart.page.keyboard.press(key)
        chart.settle()
        assert border(chart, "one") == first
        assert chart.run("return chart.paneHeights;") == {}
    assert chart.view() == view


def test_a_double_click_resets_a_border_and_not_the_view(chart: BareChart) -> None:
    first = border(chart, "one")
    chart.run(
        "chart.visibleRange({ from: 0, to: 60_000 * 50 }); chart.setPaneHeights({ one: 0.4 });"
    )
    chart.settle()
    view = chart.view()
    assert border(chart, "one")["y"] < first["y"]
    chart.page.mouse.dblclick(400, border(chart, "one")["y"])
    chart.settle()
    assert border(chart, "one") == first
    assert chart.view() == view


def test_heights_are_given_and_kept_while_a_pane_is_away(chart: BareChart) -> None:
    chart.make("{ paneHeights: { one: 0.35 } }", count=300)
    chart.run(TWO_PANES)
    whole = chart.box(".pane")["height"]
    height = legend_top(chart, "two") - legend_top(chart, "one")
    assert height == pytest.approx(0.35 * whole, abs=1)
    chart.run("chart.removeSeries('one'); await frame(); await frame();")
    assert chart.page.get_by_role("separator").count() == 1
    chart.run("chart.setSeries('one', series('one')); await frame(); await frame();")
    assert chart.run("return chart.paneHeights;") == {"one": 0.35}


@pytest.mark.parametrize("height", ["0", "1", "NaN", "'0.3'", "null"])
def test_a_height_that_is_no_share_is_refused(chart: BareChart, height: str) -> None:
    told = chart.run(
        f"""
        try {{ chart.setPaneHeights({{ one: {height} }}); }}
        catch (error) {{ return String(error); }}
        """
    )
    assert told.startswith('RangeError: height of pane "one" must be a share between 0 and 1, not')
    assert chart.run("return chart.paneHeights;") == {}


def test_the_page_keeps_the_heights(stage: Stage, open_page: OpenPage) -> None:
    chosen = [{"name": "rsi", "params": {}, "color": "#8a6fe8"}]
    init = f"localStorage['tickfire.indicators'] ??= {json.dumps(json.dumps(chosen))};"
    chart = open_page(stage.url, symbol="ESU4", renderer="canvas2d", init=init)
    bar = chart.page.get_by_role("separator", name="Border above RSI")
    bar.focus()
    for _ in range(3):
        chart.page.keyboard.press("ArrowUp")
    chart.settle()
    moved = bar.get_attribute("aria-valuenow") or ""
    chart.page.reload()
    chart.wait_live()
    expect(bar).to_have_attribute("aria-valuenow", moved)
    chart.page.click("#watch .watch-row >> text=NQU4")
    chart.wait_data("symbol", "NQU4")
    chart.settle()
    expect(bar).to_have_attribute("aria-valuenow", moved)
    bar.dblclick()
    expect(bar).not_to_have_attribute("aria-valuenow", moved)
    assert chart.complaints == []
