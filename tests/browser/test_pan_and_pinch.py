"""Gestures by mouse and touch: a fling glides on, two fingers stretch an axis, one drags it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.support.browser.bare_chart import BareChart, bare_chart
from tests.support.browser.pointers import Place, Pointers, line

pytestmark = pytest.mark.browser

DRAGGED_PX = 300
REST_PX = 2
"""Distance that a chart may move in the frame in which its glide is ended."""


@pytest.fixture(scope="module")
def opened(browser: Browser, package: Path) -> Iterator[BareChart]:
    with bare_chart(browser, package, touch=True) as made:
        yield made


@pytest.fixture
def chart(opened: BareChart) -> BareChart:
    opened.make()
    opened.page.emulate_media(reduced_motion="no-preference")
    return opened


@pytest.fixture(scope="module")
def pointers(opened: BareChart) -> Pointers:
    return Pointers(opened.page)


def spacing(chart: BareChart) -> float:
    left, right = chart.view()
    return chart.box(".pane")["width"] / (right - left)


def drag_into_the_past(
    chart: BareChart, pointers: Pointers, *, touch: bool = False, pause_s: float = 0.016
) -> float:
    """Drag the candles by DRAGGED_PX; return how many pixels they have moved once they rest."""
    left, _ = chart.rest()
    start = (300.0, 200.0)
    path = line(start, (start[0] + DRAGGED_PX, start[1]))
    pointers.drag(path, touch=touch, pause_s=pause_s)
    return (left - chart.rest()[0]) * spacing(chart)


@pytest.mark.parametrize("touch", [False, True], ids=["mouse", "touch"])
def test_a_fling_glides_on_and_comes_to_rest(
    chart: BareChart, pointers: Pointers, touch: bool
) -> None:
    assert drag_into_the_past(chart, pointers, touch=touch) > DRAGGED_PX + 200


@pytest.mark.parametrize("touch", [False, True], ids=["mouse", "touch"])
def test_a_drag_that_pauses_before_its_end_stays_where_it_is(
    chart: BareChart, pointers: Pointers, touch: bool
) -> None:
    moved = drag_into_the_past(chart, pointers, touch=touch, pause_s=0.2)
    assert moved == pytest.approx(DRAGGED_PX, abs=1)


def test_nothing_glides_with_reduced_motion_or_without_the_option(
    chart: BareChart, pointers: Pointers
) -> None:
    chart.page.emulate_media(reduced_motion="reduce")
    assert drag_into_the_past(chart, pointers) == pytest.approx(DRAGGED_PX, abs=1)
    chart.page.emulate_media(reduced_motion="no-preference")
    chart.make("{ kineticPan: false }")
    assert drag_into_the_past(chart, pointers) == pytest.approx(DRAGGED_PX, abs=1)


@pytest.mark.parametrize("by", ["press", "tap", "wheel", "key", "call"])
def test_any_other_input_ends_a_glide(chart: BareChart, pointers: Pointers, by: str) -> None:
    chart.rest()
    # The glide is ended in the frame after its first, by a listener of the page's own.
    ended = chart.page.evaluate_handle(
        """by => {
          const place = { clientX: 400, clientY: 200, bubbles: true, pointerId: 1 };
          const pane = document.querySelector(".pane");
          const events = {
            press: () => new PointerEvent("pointerdown", { ...place, button: 2 }),
            tap: () => new PointerEvent("pointerdown", { ...place, button: 2, pointerId: 2 }),
            wheel: () => new WheelEvent("wheel", place),
            key: () => new KeyboardEvent("keydown", { key: "Shift", bubbles: true }),
          };
          const end = () => by === "call" ? chart.visibleRange({ from: 0, to: 60_000 * 100 })
            : pane.dispatchEvent(events[by]());
          const seen = { at: null };
          addEventListener("pointerup", () => {
            const { left } = chart.visibleBars();
            const wait = () => {
              if (chart.visibleBars().left === left) return requestAnimationFrame(wait);
              end();
              seen.at = chart.visibleBars().left;
            };
            wait();
          }, { once: true });
          return seen;
        }""",
        by,
    )
    pointers.drag(line((300, 200), (300 + DRAGGED_PX, 200)))
    chart.page.wait_for_function("seen => seen.at !== null", arg=ended)
    left, _ = chart.rest()
    assert left == pytest.approx(ended.evaluate("seen => seen.at"), abs=REST_PX / 8)


def test_a_glide_ends_at_the_newest_candle(chart: BareChart, pointers: Pointers) -> None:
    for _ in range(3):
        pointers.drag(line((800, 200), (100, 200)))
    left, right = chart.rest()
    assert right > 3000
    pointers.drag(line((800, 200), (500, 200)))
    assert chart.rest() == (left, right)


TIME_AXIS: Place = (300, 588)


def test_two_fingers_on_the_time_axis_stretch_time(chart: BareChart, pointers: Pointers) -> None:
    before, low = spacing(chart), chart.run("return chart.priceText(chart.store.bar(0).close)")
    x, y = TIME_AXIS
    pointers.pinch(((x - 50, y), (x + 50, y)), ((x - 100, y), (x + 100, y)))
    chart.settle()
    assert spacing(chart) == pytest.approx(2 * before, rel=0.05)
    pointers.pinch(((x - 100, y), (x + 100, y)), ((x - 50, y), (x + 50, y)))
    chart.settle()
    assert spacing(chart) == pytest.approx(before, rel=0.05)
    assert chart.run("return chart.priceText(chart.store.bar(0).close)") == low


def prices(chart: BareChart) -> float:
    """Return the prices between the top of the pane and 400 pixels below it."""
    chart.run(
        """
        window.crossed = [];
        window.stop?.();
        window.stop = chart.on("crosshair", (point) => point && crossed.push(point.price));
        """
    )
    for y in (1, 401):
        chart.page.mouse.move(200, y)
    top, bottom = chart.run("return [crossed[0], crossed.at(-1)];")
    return float(top - bottom)


def test_two_fingers_on_the_price_axis_stretch_prices(chart: BareChart, pointers: Pointers) -> None:
    before, width = prices(chart), spacing(chart)
    x = chart.box(".axis-price")["x"] + 20
    pointers.pinch(((x, 150), (x, 250)), ((x, 100), (x, 300)))
    chart.settle()
    assert prices(chart) == pytest.approx(before / 2, rel=0.1)
    assert spacing(chart) == width
    chart.page.mouse.dblclick(x, 200)
    chart.settle()
    assert prices(chart) == before


def test_one_finger_drags_the_axes(chart: BareChart, pointers: Pointers) -> None:
    before, width = prices(chart), spacing(chart)
    x = chart.box(".axis-price")["x"] + 20
    pointers.drag(line((x, 200), (x, 300)), touch=True)
    chart.settle()
    assert prices(chart) > before * 1.5
    pointers.drag(line(TIME_AXIS, (TIME_AXIS[0] + 100, TIME_AXIS[1])), touch=True)
    chart.settle()
    assert spacing(chart) > width * 1.5


def test_a_chart_that_is_destroyed_while_it_glides_draws_no_more(
    chart: BareChart, pointers: Pointers
) -> None:
    chart.run(
        """
        const { left } = chart.visibleBars();
        window.frames = 0;
        const stop = chart.on("frame", () => {
          if (chart.visibleBars().left < left - 1) window.frames++;
        });
        addEventListener("pointerup", () => chart.destroy(), { once: true });
        """
    )
    pointers.drag(line((300, 200), (300 + DRAGGED_PX, 200)))
    chart.settle()
    assert chart.page.locator(".tickfire-chart").count() == 0
