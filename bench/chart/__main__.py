"""The chart beside lightweight-charts and uPlot: ticks, memory and the first picture.

Run it with ``python -m bench.chart [--json] [ROW...]``; it needs npm and Chromium. Every figure is
CPU time of the page's main thread or memory of its heap, from fresh pages of one browser, and the
median of rounds in which the charts take turns. Each page is checked: a chart that does not show
the candles asked for, in a pane of the size asked for, ends the run. ``--beside CHECKOUT`` measures
the chart of another checkout of tickfire in the same run.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import Browser, Error, Playwright, sync_playwright

from bench.browser import CLIENT, build, launch, serving
from bench.chart.drawing import WrongPicture
from bench.chart.measure import FLAGS, Case, first_paint, heap_per_bar, tick

OURS: Final = ("tickfire webgpu", "tickfire canvas2d")
PEERS: Final = ("lightweight-charts", "lightweight-charts conflated", "uplot")
MILLION: Final = 1_000_000
GOALS: Final = {
    "tick-500": 0.8,
    "tick-100k": 0.8,
    "tick-1m": 3.0,
    "heap": 40.0,
    "first-paint": 30.0,
}
TITLES: Final = {
    "tick-500": "ms a tick, 500 bars, all in view",
    "tick-100k": "ms a tick, 100,000 bars, 200 in view",
    "tick-1m": "ms a tick, 1,000,000 bars, all in view",
    "heap": "bytes a bar, 100,000 bars",
    "first-paint": "ms to the first picture, 100,000 bars",
}

Measure = Callable[[Browser, Case], dict[str, float]]


def _tick(bars: int, visible: int) -> Measure:
    return lambda browser, case: tick(browser, case, bars, visible)[0]


ROWS: Final[dict[str, Measure]] = {
    "tick-500": _tick(500, 500),
    "tick-100k": _tick(100_000, 200),
    "tick-1m": _tick(MILLION, MILLION),
    "heap": lambda browser, case: {"bytes": heap_per_bar(browser, case, 100_000, 200)},
    "first-paint": lambda browser, case: {"ms": first_paint(browser, case, 100_000, 200)},
}
# Memory does not vary, and a million bars take minutes to load in some charts.
MAX_ROUNDS: Final = {"heap": 1, "tick-1m": 1}


def cases(stack: ExitStack, beside: Path | None) -> list[Case]:
    """Build the pages and serve them; return the charts that they hold."""
    found = []
    for client, prefix in ((CLIENT, ""), *([(beside / "client_js", "before: ")] if beside else ())):
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        build("chart", folder, client)
        url = stack.enter_context(serving(folder))
        names = OURS if prefix else (*OURS, *PEERS)
        found += [Case(prefix + name, name, url) for name in names]
    return found


def measure(
    start: Callable[[], Browser], charts: list[Case], rows: list[str], rounds: int
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each row with the median figures by chart; None where a chart came to no end."""
    browser = start()
    for row in rows:
        samples: dict[str, list[dict[str, float]]] = {case.name: [] for case in charts}
        given_up: set[str] = set()
        for _ in range(min(rounds, MAX_ROUNDS.get(row, rounds))):
            for case in charts:
                if case.name in given_up:
                    continue
                try:
                    samples[case.name].append(ROWS[row](browser, case))
                except Error as error:
                    given_up.add(case.name)
                    print(f"bench: {row}, {case.name}: {error.message}", file=sys.stderr)
                    browser.close()
                    browser = start()
        figures = {
            name: None if name in given_up else _median(made) for name, made in samples.items()
        }
        yield row, figures
    browser.close()


def _median(samples: list[dict[str, float]]) -> dict[str, float]:
    return {key: statistics.median(each[key] for each in samples) for key in samples[0]}


def machine(playwright: Playwright) -> dict[str, str]:
    """Return what the figures depend on."""
    browser = launch(playwright, *FLAGS)
    version = browser.version
    browser.close()
    return {
        "processor": _processor(),
        "cores": str(os.cpu_count()),
        "system": platform.system(),
        "browser": f"Chromium {version}, headless",
        "WebGPU": "SwiftShader, on the CPU",
        "load": f"{os.getloadavg()[0]:.1f} at the start",
    }


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.is_file() else []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())


def lines(row: str, figures: dict[str, Any]) -> Iterator[str]:
    """Yield the table of a row, with the ratio to the first chart."""
    yield f"\n{TITLES[row]}; goal {GOALS[row]:g}"
    first = figures[OURS[0]]
    for name, parts in figures.items():
        if parts is None:
            yield f"  {name:30} did not come to an end"
            continue
        key, value = next(iter(parts.items()))
        rest = "".join(f"{part} {spent:.2f}  " for part, spent in list(parts.items())[1:])
        ratio = "" if first is None else f"{value / first[key]:8.2f}x"
        yield f"  {name:30}{value:9.2f}{ratio}   {rest}"


def main() -> int:
    """Measure and print; return 1 if a chart drew something else than it was asked to."""
    parser = argparse.ArgumentParser(prog="bench.chart", description=__doc__)
    parser.add_argument("rows", nargs="*", metavar="ROW", help=", ".join(ROWS))
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--rounds", type=int, default=3, help="turns of each chart (%(default)s)")
    parser.add_argument("--beside", type=Path, metavar="CHECKOUT", help="also measure its chart")
    options = parser.parse_args()
    rows = options.rows or list(ROWS)
    unknown = sorted(set(rows) - set(ROWS))
    if unknown:
        parser.error(f"there is no row {', '.join(unknown)}")
    with ExitStack() as stack:
        charts = cases(stack, options.beside)
        playwright = stack.enter_context(sync_playwright())
        facts = machine(playwright)
        results: dict[str, Any] = {}
        if not options.json:
            print(*(f"{name}: {fact}" for name, fact in facts.items()), sep="\n", flush=True)
        try:
            for row, figures in measure(
                lambda: launch(playwright, *FLAGS), charts, rows, options.rounds
            ):
                results[row] = figures
                if not options.json:
                    print(*lines(row, figures), sep="\n", flush=True)
        except WrongPicture as error:
            print(f"bench: {error}", file=sys.stderr)
            return 1
    load = f"{os.getloadavg()[0]:.1f} at the end"
    if options.json:
        facts["load"] += f", {load}"
        print(json.dumps({"machine": facts, "rows": results}, indent=1))
    else:
        print(f"\nload: {load}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
