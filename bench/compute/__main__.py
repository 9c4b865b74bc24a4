"""Twenty indicators on 100,000 bars in Chromium's worker, and kernels against numba and JavaScript.

Run it with ``python -m bench.compute [--json]``; it needs npm, Chromium and a kernels.wasm (``make
wasm client``). Updates are wall time of the page, from giving the worker one bar until all results
are there: a frame has 16.7 ms. Kernels run over 1 M elements, native, WebAssembly and JavaScript by
turns; each figure is the minimum.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import numpy as np
from playwright.sync_api import Browser, Page, sync_playwright

from bench.browser import CLIENT, build, launch, serving
from tickfire.kernels import native

BARS: Final = 100_000
ROUNDS: Final = 300
ELEMENTS: Final = 1_000_000
TURNS: Final = 15
FRAME_MS: Final = 16.7


@contextmanager
def opened(browser: Browser, url: str) -> Iterator[Page]:
    """Open the benchmark's page."""
    page = browser.new_page()
    page.goto(url)
    page.wait_for_function("globalThis.bench !== undefined")
    try:
        yield page
    finally:
        page.close()


def native_runs() -> dict[str, Callable[[], object]]:
    """Return the kernels of the comparison as numba compiled them, over ELEMENTS elements."""
    rng = np.random.default_rng(0)
    close = 5_500.0 + np.abs(np.cumsum(rng.integers(-20, 21, ELEMENTS) / 4))
    high = close + rng.integers(0, 8, ELEMENTS) / 4
    low = close - rng.integers(0, 8, ELEMENTS) / 4
    outs = [np.zeros(ELEMENTS) for _ in range(3)]
    state = np.zeros(4_096)
    a = outs[0]

    def fresh() -> Any:
        state[:] = 0.0
        return state

    return {
        "sma": lambda: native.sma.raw(close, 20, fresh(), a),
        "ema": lambda: native.ema.raw(close, 20, fresh(), a),
        "rsi": lambda: native.rsi.raw(close, 14, fresh(), a),
        "bollinger": lambda: native.bollinger.raw(close, 20, 2.0, fresh(), *outs),
        "atr": lambda: native.atr.raw(high, low, close, 14, fresh(), a),
    }


def compare(page: Page) -> dict[str, dict[str, float]]:
    """Return the least ms of each kernel: native, WebAssembly and JavaScript, by turns."""
    page.evaluate("count => bench.prepare(count)", ELEMENTS)
    results: dict[str, dict[str, float]] = {}
    for name, run in native_runs().items():
        best = {"native": float("inf"), "wasm": float("inf"), "javascript": float("inf")}
        for _ in range(TURNS):
            start = time.perf_counter()
            run()
            spent = 1e3 * (time.perf_counter() - start)
            wasm, javascript = page.evaluate("name => bench.run(name)", name)
            for key, value in (("native", spent), ("wasm", wasm), ("javascript", javascript)):
                best[key] = min(best[key], value)
        results[name] = best
    return results


def measure() -> dict[str, Any]:
    """Build, open Chromium and measure everything."""
    results: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        folder = Path(name)
        build("compute", folder)
        browser = launch(playwright)
        for isolated in (True, False):
            with serving(folder, isolated=isolated) as url, opened(browser, url) as page:
                made = page.evaluate("([n, r]) => bench.updates(n, r)", [BARS, ROUNDS])
                assert made["shared"] is isolated
                results["shared" if isolated else "transferred"] = made
        with serving(folder, isolated=True) as url, opened(browser, url) as page:
            results["kernels"] = compare(page)
        browser.close()
    return results


def tell(results: dict[str, Any]) -> None:
    """Print the figures as tables."""
    print(f"twenty indicators on {BARS:,} bars; ms, of a frame's {FRAME_MS}")
    print(f"{'results':12}{'':10}{'median':>9}{'p99':>9}{'worst':>9}")
    for way in ("shared", "transferred"):
        for name, what in (("tick", "tick"), ("append", "new bar")):
            row = results[way][name]
            print(f"{way:12}{what:10}{row['median']:9.2f}{row['p99']:9.2f}{row['worst']:9.2f}")
        print(f"{way:12}{'rebuild':10}{results[way]['rebuild']:9.1f}")
    print(f"\nkernels over {ELEMENTS:,} elements; ms")
    columns = ("native", "wasm", "javascript", "wasm/native", "wasm/js")
    print(f"{'':12}" + "".join(f"{each:>13}" for each in columns))
    for name, best in results["kernels"].items():
        ratios = (best["wasm"] / best["native"], best["wasm"] / best["javascript"])
        figures = (best["native"], best["wasm"], best["javascript"], *ratios)
        print(f"{name:12}" + "".join(f"{each:13.2f}" for each in figures))


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="bench.compute", description=__doc__)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if not (CLIENT / "src/compute/generated/kernels.wasm").is_file():
        sys.exit("bench: there is no kernels.wasm; run make wasm first.")
    results = measure()
    if options.json:
        print(json.dumps(results, indent=1))
    else:
        tell(results)
    return 0


if __name__ == "__main__":
    sys.exit(main())
