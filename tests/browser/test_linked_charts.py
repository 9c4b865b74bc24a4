"""The example of two charts with one crosshair, and what the package compares, on a stage."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from tests.support.browser.chromium import LIVE_TIMEOUT_MS
from tests.support.browser.serving import Serving
from tests.support.browser.stage import START_MS, Market, Stage
from tests.support.paths import CLIENT

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

EXAMPLE = CLIENT / "examples" / "linked" / "index.html"
LEFT, RIGHT = "ESU4", "NQU4"
MINUTE_MS = 60_000
PREPARE = """
import { comparison } from "/dist/compare.js";
Object.assign(window, { comparison, linkCrosshairs, createChart, charts: [] });
"""
CHARTS = "const chart = createChart("
KEPT = "const chart = window.charts[window.charts.length] = createChart("
SETTLE = "() => new Promise(r => requestAnimationFrame(() => requestAnimationFrame(r)))"


def example(host: str) -> str:
    """Return the example for a stage, with its charts at hand for the test."""
    text = EXAMPLE.read_text().replace("127.0.0.1:4000", host)
    text = text.replace("ESZ6", LEFT).replace("NQZ6", RIGHT).replace(CHARTS, KEPT)
    return text.replace("const feed =", f"{PREPARE}const feed =")


@pytest.fixture(scope="module")
def page(package: Path, static: Path, browser: Browser) -> Iterator[Page]:
    market = Stage(Market(), static)
    market.serving.start()
    text = example(market.url.removeprefix("http://").removesuffix("/"))

    async def index(_: Request) -> HTMLResponse:
        return HTMLResponse(text)

    files = Mount("/", StaticFiles(directory=str(CLIENT)))
    serving = Serving(Starlette(routes=[Route("/examples/linked/", index), files]))
    serving.start()
    opened = browser.new_page(viewport={"width": 900, "height": 700})
    opened.set_default_timeout(LIVE_TIMEOUT_MS)
    complaints: list[str] = []
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.goto(f"{serving.url}examples/linked/")
    opened.wait_for_function("() => window.charts?.every((each) => each.store.count > 0)")
    opened.wait_for_function("() => document.querySelectorAll('.pane-canvas').length === 2")
    # Both can be moved by mouse and keys.
    opened.wait_for_function("() => document.querySelectorAll('.axis-price[title]').length === 2")
    opened.evaluate(SETTLE)
    yield opened
    assert complaints == []
    opened.context.close()
    serving.stop()
    market.serving.stop()


def pane(page: Page, index: int) -> Any:
    return page.locator(".pane").nth(index).bounding_box()


def hover(page: Page, index: int, x: float, y: float) -> None:
    box = pane(page, index)
    page.mouse.move(box["x"] + x, box["y"] + y)
    page.evaluate(SETTLE)


def crosshairs(page: Page) -> list[dict[str, Any] | None]:
    """Return where each chart has its crosshair, as it is seen: its x, and the candle's time."""
    page.evaluate(SETTLE)
    found: list[dict[str, Any] | None] = page.evaluate(
        """() => charts.map(({ element, crosshair }) => {
          const line = element.querySelector(".cross-v");
          if (line.hidden !== (crosshair === null)) throw new Error("not as drawn");
          return crosshair && { x: crosshair.x, y: crosshair.y, time: crosshair.time,
            price: crosshair.price, close: crosshair.bar?.close ?? null };
        })"""
    )
    return found


def test_the_pointer_shows_the_candle_that_holds_the_time_in_both(page: Page) -> None:
    page.evaluate("() => charts[1].visibleRange(charts[0].visibleRange())")
    page.evaluate(SETTLE)
    for moved, x in ((0, 300), (1, 500), (0, 620)):
        hover(page, moved, x, 120)
        left, right = crosshairs(page)
        assert left is not None and right is not None
        fine, coarse = left["time"], right["time"]
        assert coarse <= fine < coarse + 5 * MINUTE_MS
        follower = (left, right)[1 - moved]
        # To the row of pixels.
        assert follower["price"] == pytest.approx(float(follower["close"]), abs=2)
    hover(page, 0, 300, 120)
    page.mouse.move(450, pane(page, 0)["y"] + pane(page, 0)["height"] + 10)
    assert crosshairs(page) == [None, None]


def test_keys_move_it_in_both_and_escape_hides_it(page: Page) -> None:
    page.locator(".tickfire-chart").nth(0).focus()
    page.keyboard.press("Shift+ArrowLeft")
    first = crosshairs(page)
    for _ in range(7):
        page.keyboard.press("Shift+ArrowLeft")
    left, right = crosshairs(page)
    assert left is not None and right is not None and first[0] is not None
    assert left["time"] == first[0]["time"] - 7 * MINUTE_MS
    assert right["time"] <= left["time"] < right["time"] + 5 * MINUTE_MS
    page.keyboard.press("Escape")
    assert crosshairs(page) == [None, None]


def test_a_time_out_of_sight_hides_it_and_moving_the_chart_brings_it(page: Page) -> None:
    page.evaluate(
        """(end) => charts[1].visibleRange({ from: end - 150 * 60_000, to: end })""",
        START_MS - 500 * MINUTE_MS,
    )
    hover(page, 0, 400, 120)
    left, right = crosshairs(page)
    assert left is not None and right is None
    page.evaluate("() => charts[1].fit()")
    left, right = crosshairs(page)
    assert left is not None and right is not None
    assert right["time"] <= left["time"] < right["time"] + 5 * MINUTE_MS
    page.mouse.move(2, 2)


def test_charts_of_one_symbol_share_the_price_until_the_link_ends(page: Page) -> None:
    seen = page.evaluate(
        f"""async () => {{
          const settle = {SETTLE};
          const place = document.body.appendChild(document.createElement("div"));
          place.style.height = "300px";
          const other = createChart(place, {{ symbol: charts[0].symbol, store: charts[0].store }});
          const unlink = linkCrosshairs(charts[0], other);
          await settle();
          const time = charts[0].store.time[charts[0].store.count - 5];
          let told = 0;
          other.on("crosshair", () => told++);
          Object.assign(window, {{ other, unlink, place, told: () => told }});
          const bad = [{{ time: "soon" }}, {{ time, price: NaN }}, {{ time: {{}} }}];
          const wrong = bad.map((at) => {{
            try {{ other.setCrosshair(at); }} catch (error) {{ return error.message; }}
          }});
          other.setCrosshair({{ time: new Date(time) }});
          await settle();
          const byTime = other.crosshair.time === time;
          other.setCrosshair(null);
          await settle();
          return {{ wrong, byTime, hidden: other.crosshair }};
        }}"""
    )
    assert seen["byTime"] and seen["hidden"] is None
    assert seen["wrong"][0] == 'time is not a valid time: "soon"'
    assert seen["wrong"][1] == "price must be finite, not NaN"
    assert seen["wrong"][2].startswith("time must be a Date")
    hover(page, 0, 400, 90)
    prices = page.evaluate("() => [charts[0].crosshair.price, other.crosshair.price, told()]")
    assert prices[0] == pytest.approx(prices[1], abs=1)
    assert prices[2] == 0
    page.evaluate("() => unlink()")
    page.evaluate(SETTLE)
    assert page.evaluate("() => other.crosshair") is None
    hover(page, 0, 300, 90)
    assert page.evaluate("() => other.crosshair") is None
    page.mouse.move(2, 2)
    page.evaluate("() => { other.destroy(); place.remove(); }")


def test_the_package_compares_bars_of_any_source(page: Page) -> None:
    seen = page.evaluate(
        f"""async () => {{
          const settle = {SETTLE};
          const [chart] = charts;
          const compared = comparison(chart);
          const told = [];
          compared.on("change", (symbols) => told.push(symbols.join()));
          const attempt = (input) => {{
            try {{ compared.add(input); }} catch (error) {{ return error.message; }}
          }};
          const {{ time, count }} = chart.store;
          const bars = Array.from({{ length: 50 }}, (_, i) => {{
            const close = 100 + i;
            const at = time[count - 100 + 2 * i];
            return {{ time: at, open: close, high: close, low: close, close }};
          }});
          chart.visibleRange({{ from: time[count - 60], to: time[count - 1] + 60_000 }});
          const {{ store, remove }} = compared.add({{ symbol: "X", bars, color: "#ff00ff" }});
          await settle();
          const text = () => chart.element.querySelector(".compare-change")?.textContent;
          const first = text();
          const scale = [compared.scale, chart.scale];
          store.apply({{ ...store.bar(49), close: "298", high: "298" }});
          await settle();
          const later = text();
          chart.setCrosshair({{ time: time[count - 60] }});
          await settle();
          const pointed = text();
          chart.setCrosshair(null);
          const faults = [
            attempt({{ symbol: chart.symbol }}), attempt({{ symbol: "" }}),
            attempt({{ symbol: "Y", color: "red" }}), attempt({{ symbol: "Z", bars: [{{}}] }}),
          ];
          for (const symbol of ["A", "B", "C"]) compared.add({{ symbol }});
          faults.push(attempt({{ symbol: "D" }}));
          await settle();
          const png = (await chart.toPNG()).size > 1000;
          remove();
          compared.clear();
          const last = chart.scale;
          compared.destroy();
          chart.fit();
          await settle();
          const left = chart.element.querySelector(".compare-legend");
          return {{ first, later, pointed, scale, faults, told, png, last, left }};
        }}"""
    )
    # The first candle in sight is the 41st from the end of the even ones: a close of 120.
    assert seen["first"] == "+24.17%"
    assert seen["later"] == "+148.33%"
    assert seen["pointed"] == "0.00%"
    assert seen["scale"] == ["linear", "percent"] and seen["last"] == "linear"
    assert seen["faults"] == [
        f"{LEFT} is the symbol that the chart shows",
        'symbol must be a string, not ""',
        "not a colour: red",
        "bars[0].open must be a number or a decimal string, not undefined",
        "at most 4 symbols can be compared",
    ]
    assert seen["told"] == ["X", "X,A", "X,A,B", "X,A,B,C", "A,B,C", "B,C", "C", ""]
    assert seen["png"] and seen["left"] is None
