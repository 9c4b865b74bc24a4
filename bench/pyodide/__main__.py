"""Python in headless Chromium: its start, and kernels.wasm beside plain Python.

Run it with ``python -m bench.pyodide``, or with names of kernels after it; it needs ``make setup``
and Chromium. Starts are of the page's own worker, from the click to the answer, over a new
browser's empty cache; the kernels' figures are the minimum of 15 rounds over 1 M elements, plain
Python's of 3 over 20,000.
"""

from __future__ import annotations

import argparse
import json
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import uvicorn
from playwright.sync_api import Browser, Page, sync_playwright
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Mount
from starlette.types import Scope

from bench.browser import launch
from tickfire.server import page as served

STARTS: Final = 5
START_TIMEOUT_MS: Final = 60_000
GOALS_MS: Final = {"snapshot": 1500, "cold": 3000}
LEAST_GAIN: Final = 60
KERNELS: Final = ("sma", "ema", "rsi", "macd", "bollinger", "rolling", "atr", "adx", "supertrend")
SPEED: Final = Path(__file__).with_name("speed.py")

LOAD: Final = """async () => {
  const pointer = await (await fetch("pyodide/current.json")).json();
  const folder = new URL(`pyodide/${pointer.folder}/`, location.href).href;
  const { loadPyodide } = await import(`${folder}pyodide.mjs`);
  globalThis.python = await loadPyodide({ indexURL: folder });
  await python.loadPackage("tickfire-browser");
}"""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="bench.pyodide", description=__doc__)
    parser.add_argument("names", nargs="*", default=list(KERNELS))
    names = parser.parse_args().names
    pointer = served.STATIC / "pyodide" / "current.json"
    if not pointer.is_file() or not (served.STATIC / "index.html").is_file():
        sys.exit("bench: the browser's Python is not built; run make setup first.")
    hiding = Hiding()
    with serving(hiding) as url, sync_playwright() as playwright:
        browser = launch(playwright)
        for kind in GOALS_MS:
            hiding.hides = kind == "cold"
            print_starts(kind, [start(browser, url, kind) for _ in range(STARTS)])
        print_speed(speed(browser, url, names))
        browser.close()


class Hiding(served.Page):
    """Static files of the page, with or without the snapshot."""

    hides = False

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Return a file."""
        if self.hides and "snapshot-" in path:
            return Response(status_code=404)
        return await super().get_response(path, scope)


@contextmanager
def serving(page: served.Page) -> Iterator[str]:
    """Serve the page, without a market."""
    app = Starlette(routes=[Mount("/", page)])
    config = uvicorn.Config(app, log_level="critical")
    server = uvicorn.Server(config)
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
    finally:
        server.should_exit = True
        thread.join()


def start(browser: Browser, url: str, kind: str) -> float:
    """Return the milliseconds of one start of the panel's worker."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(url)
    page.click("#python-toggle")
    page.wait_for_function(
        "() => document.getElementById('python').dataset.startMs", timeout=START_TIMEOUT_MS
    )
    state: dict[str, str] = page.evaluate("({...document.getElementById('python').dataset})")
    context.close()
    if state["snapshot"] != str(kind == "snapshot").lower():
        sys.exit("bench: there is no snapshot; run make wasm with node at hand.")
    return float(state["startMs"])


def speed(browser: Browser, url: str, names: list[str]) -> dict[str, list[float]]:
    """Return ns per element by kernels.wasm and by plain Python."""
    page: Page = browser.new_page()
    page.goto(url)
    page.evaluate(LOAD)
    page.evaluate("code => { python.runPython(code); }", SPEED.read_text())
    run = "names => python.globals.get('measure')(python.toPy(names))"
    found: dict[str, list[float]] = json.loads(page.evaluate(run, names))
    return found


def print_starts(kind: str, times: list[float]) -> None:
    ordered = sorted(times)
    middle = ordered[len(ordered) // 2]
    print(f"start, {kind}: {ordered[0]:.0f} ms at best, {middle:.0f} ms median of {len(ordered)}")
    print(f"  goal {GOALS_MS[kind]} ms", flush=True)


def print_speed(found: dict[str, list[float]]) -> None:
    print("ns per element inside Pyodide")
    print(f"{'kernel':22}{'wasm':>9}{'plain':>10}{'gain':>8}")
    for name, (fast, slow) in found.items():
        print(f"{name:22}{fast:9.2f}{slow:10.0f}{slow / fast:8.0f}")
    least = min(slow / fast for fast, slow in found.values())
    print(f"least gain {least:.0f}, goal {LEAST_GAIN}")


if __name__ == "__main__":
    main()
