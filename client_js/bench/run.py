"""Main-thread CPU of one chart update, for both renderers and several sizes.

`python client_js/bench/run.py [--json]` builds the bench page, opens it in headless Chromium and
reads the main thread's task time (CDP `Performance.getMetrics`) before and after a run of updates,
one an animation frame. What the GPU's process spends is not in it.
"""

from __future__ import annotations

import argparse
import functools
import http.server
import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import Browser, CDPSession, sync_playwright

CLIENT: Final = Path(__file__).resolve().parents[1]
PAGE: Final = CLIENT / "bench" / "dist"
ARGUMENTS: Final = [
    "--enable-unsafe-webgpu",
    "--enable-features=Vulkan",
    "--use-vulkan=swiftshader",
    "--use-angle=swiftshader",
    "--no-sandbox",
]
SIZES: Final = [(500, "latest"), (100_000, "latest"), (100_000, "all")]
INDICATORS: Final = ["bollinger", "ema", "rsi", "macd"]
UPDATES: Final = 120
WARM_UP: Final = 20
RUN: Final = "([updates, append]) => bench.run(updates, append)"


class Quiet(http.server.SimpleHTTPRequestHandler):
    """A file server that logs nothing and knows WGSL."""

    extensions_map = {  # noqa: RUF012
        **http.server.SimpleHTTPRequestHandler.extensions_map,
        ".wgsl": "text/plain",
    }

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def task_s(session: CDPSession) -> float:
    """Return the main thread's task time so far, s."""
    metrics: Any = session.send("Performance.getMetrics")["metrics"]
    return float(next(each["value"] for each in metrics if each["name"] == "TaskDuration"))


def measure(
    browser: Browser, url: str, renderer: str, candles: int, view: str, indicators: list[str]
) -> dict[str, Any]:
    """Return the figures of one renderer and size, ms of CPU an update."""
    page = browser.new_page(viewport={"width": 1280, "height": 720})
    query = f"renderer={renderer}&candles={candles}&view={view}&indicators={'+'.join(indicators)}"
    page.goto(f"{url}?{query}")
    page.wait_for_function("r => document.documentElement.dataset.renderer === r", arg=renderer)
    page.wait_for_function(
        "n => Number(document.documentElement.dataset.series ?? 0) === n", arg=len(indicators)
    )
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable")
    figures: dict[str, Any] = {"renderer": renderer, "candles": candles, "view": view}
    figures["indicators"] = len(indicators)
    for name, append in (("tick_ms", False), ("append_ms", True)):
        page.evaluate(RUN, [WARM_UP, append])
        draws = int(page.evaluate("document.documentElement.dataset.axisDraws"))
        before = task_s(session)
        page.evaluate(RUN, [UPDATES, append])
        figures[name] = round((task_s(session) - before) / UPDATES * 1000, 3)
        drawn = int(page.evaluate("document.documentElement.dataset.axisDraws")) - draws
        figures[name.replace("ms", "axis_draws")] = drawn
    page.close()
    return figures


def main(arguments: list[str]) -> int:
    """Run all; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    build = ["npx", "vite", "build", "--config", "vite.bench.config.ts", "--logLevel", "error"]
    subprocess.run(build, cwd=CLIENT, check=True)
    handler = functools.partial(Quiet, directory=str(PAGE))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}/index.html"
    executable = os.environ.get("CHROMIUM") or "/usr/bin/chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=ARGUMENTS)
        results = [
            measure(browser, url, renderer, candles, view, indicators)
            for candles, view in SIZES
            for indicators in ([], INDICATORS)
            for renderer in ("webgpu", "canvas2d")
        ]
        browser.close()
    server.shutdown()
    if options.json:
        sys.stdout.write(json.dumps(results, indent=1) + "\n")
        return 0
    for each in results:
        sys.stdout.write(
            f"{each['candles']:>7} {each['view']:<6} {each['renderer']:<8} "
            f"{each['indicators']} indicators  "
            f"tick {each['tick_ms']:.2f} ms ({each['tick_axis_draws']} axis draws)  "
            f"append {each['append_ms']:.2f} ms ({each['append_axis_draws']} axis draws)\n"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
