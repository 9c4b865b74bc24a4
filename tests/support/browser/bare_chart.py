"""A page with nothing but a chart of the built package, which a test makes and asks itself."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import Browser, ConsoleMessage, FloatRect, Page
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from tests.support.browser.serving import Serving

_PAGE = """<!doctype html>
<meta charset="utf-8" />
<meta name="viewport" content="width=device-width" />
<title>chart</title>
<style>body { margin: 0 } #place { width: 900px; height: 600px }</style>
<div id="place"></div>
<script type="module">
import { createChart } from "./package/chart.js";
import { drawingTools } from "./package/tools.js";

const MINUTE_MS = 60_000;
/** Candles that rise and fall around 100, the first at 1970. */
const bars = (count) => Array.from({ length: count }, (_, i) => {
  const close = Math.round(10_000 + 500 * Math.sin(i / 9)) / 100;
  return { time: MINUTE_MS * i, open: 100, high: 107, low: 94, close, volume: i };
});
/** A series in a pane of its own. */
const series = (name) => ({
  title: name, pane: name, time: Float64Array.of(0),
  plots: [{ label: "", values: Float64Array.of(1), color: "#5b8def" }],
});
const frame = () => new Promise(requestAnimationFrame);
const place = document.querySelector("#place");
// The parts that a chart loads on demand are loaded before it asks.
await Promise.all(PARTS.map((path) => import(path)));
Object.assign(window, { createChart, drawingTools, bars, series, frame, place });
</script>
"""

REST_FRAMES: Final = 5
"""Frames in which nothing is drawn, after which a chart has got all its parts."""


@dataclass
class BareChart:
    """A chart in a page, as `chart` in scripts."""

    page: Page
    complaints: list[str] = field(default_factory=list)

    def make(self, options: str = "{}", *, count: int = 3000) -> None:
        """Make a chart of `count` candles, in place of any before; `options` is JavaScript."""
        self.run(
            f"""
            window.chart?.destroy();
            window.chart = createChart(place, {{ renderer: "canvas2d", ...{options} }});
            chart.setBars(bars({count}));
            let [drawn, still] = [0, 0];
            chart.on("frame", () => {{ drawn++; still = 0; }});
            // Its parts that are loaded on demand ask for a frame each.
            while (drawn === 0 || chart.renderer === null || still < {REST_FRAMES}) {{
              await frame();
              still++;
            }}
            """
        )

    def run(self, script: str) -> Any:
        """Run the body of an asynchronous function; return its result."""
        return self.page.evaluate(f"async () => {{ {script} }}")

    def settle(self) -> None:
        """Wait for two frames, so that the last change is drawn."""
        self.run("await frame(); await frame();")

    def view(self) -> tuple[float, float]:
        """Return the candles at the pane's edges."""
        edges = self.run("return chart.visibleBars();")
        return edges["left"], edges["right"]

    def rest(self) -> tuple[float, float]:
        """Wait until the view stands still; return the candles at the pane's edges."""
        self.run(
            """
            let [last, still] = [NaN, 0];
            while (still < 5) {
              const { left } = chart.visibleBars();
              still = left === last ? still + 1 : 0;
              last = left;
              await frame();
            }
            """
        )
        return self.view()

    def box(self, selector: str) -> FloatRect:
        """Return where an element is."""
        found = self.page.locator(selector).bounding_box()
        assert found is not None
        return found


def parts_on_demand(package: Path) -> list[str]:
    """Return the paths of the files that a chart of the package loads on demand."""
    scripts = [path.read_text() for path in package.glob("chart*.js")]
    found = sorted({name for text in scripts for name in re.findall(r'import\("\./(.+?)"\)', text)})
    assert found, f"{package} loads nothing on demand"
    return [f"./package/{name}" for name in found]


@contextmanager
def bare_chart(browser: Browser, package: Path, *, touch: bool = False) -> Iterator[BareChart]:
    """Open a page to make charts in."""

    text = _PAGE.replace("PARTS", json.dumps(parts_on_demand(package)))

    async def page(_: Request) -> Response:
        return HTMLResponse(text)

    async def icon(_: Request) -> Response:
        return Response(status_code=204)

    files = Mount("/package", StaticFiles(directory=package))
    serving = Serving(Starlette(routes=[Route("/", page), Route("/favicon.ico", icon), files]))
    serving.start()
    context = browser.new_context(has_touch=touch, viewport={"width": 1000, "height": 700})
    opened = BareChart(context.new_page())

    def take(told: ConsoleMessage) -> None:
        if told.type == "error":
            opened.complaints.append(told.text)

    opened.page.on("console", take)
    opened.page.on("pageerror", lambda error: opened.complaints.append(str(error)))
    try:
        opened.page.goto(serving.url)
        opened.page.wait_for_function("() => window.createChart !== undefined")
        yield opened
        assert opened.complaints == []
    finally:
        context.close()
        serving.stop()
