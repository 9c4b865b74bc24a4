"""Figures of one chart, each from a fresh page of headless Chromium."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from playwright.sync_api import Browser, CDPSession, Page

from bench.chart.drawing import Picture, check

# WebGPU on the CPU, where there is no GPU.
FLAGS: Final = (
    "--enable-unsafe-webgpu",
    "--enable-features=Vulkan",
    "--use-vulkan=swiftshader",
    "--use-angle=swiftshader",
)
WARM_UP: Final = 20
TICKS: Final = 60
# Slow charts make fewer ticks: as many as fit.
LIMIT_MS: Final = 4_000
# Code runs fast only after some calls, so that warming up may take longer.
WARM_UP_MS: Final = 10_000
TIMEOUT_MS: Final = 120_000
POLL_MS: Final = 250
FEW: Final = 500
CALL: Final = """([method, given]) => {
  globalThis.outcome = null;
  chartBench[method](...given).then(
    (value) => { outcome = { value }; },
    (error) => { outcome = { error: String(error) }; },
  );
}"""
# Main-thread time is reported in these parts; the rest is painting and the browser's own tasks.
PARTS: Final = {
    "ms": "TaskDuration",
    "script": "ScriptDuration",
    "style": "RecalcStyleDuration",
    "layout": "LayoutDuration",
}


@dataclass(frozen=True)
class Case:
    """A chart by its name, and the address of the page that has it."""

    name: str
    subject: str
    url: str


@contextmanager
def _opened(browser: Browser, case: Case) -> Iterator[tuple[Page, CDPSession]]:
    page = browser.new_page(viewport={"width": 1240, "height": 640})
    page.set_default_timeout(TIMEOUT_MS)
    page.goto(case.url)
    page.wait_for_function("globalThis.chartBench !== undefined")
    session = page.context.new_cdp_session(page)
    # Ticks of the thread: what other processes take of the CPU is not in them.
    session.send("Performance.enable", {"timeDomain": "threadTicks"})
    yield page, session
    # Not after an error: a page that hangs cannot be closed, and its browser is given up with it.
    page.close()


def _spent_ms(session: CDPSession) -> dict[str, float]:
    """Return the main thread's CPU time so far, by parts."""
    metrics: list[dict[str, Any]] = session.send("Performance.getMetrics")["metrics"]
    values = {each["name"]: each["value"] for each in metrics}
    return {part: 1e3 * values[name] for part, name in PARTS.items()}


def _call(page: Page, method: str, *given: Any) -> Any:
    """Call an async method of the page; raise playwright's TimeoutError if it takes too long."""
    page.evaluate(CALL, [method, list(given)])
    outcome = page.wait_for_function("outcome", polling=POLL_MS, timeout=TIMEOUT_MS).json_value()
    if "error" in outcome:
        raise RuntimeError(f"{method}: {outcome['error']}")
    return outcome.get("value")


def _prepare(page: Page, case: Case, bars: int) -> None:
    _call(page, "prepare", case.subject, bars)


def _open(page: Page, visible: int) -> None:
    _call(page, "open", visible)


def tick(browser: Browser, case: Case, bars: int, visible: int) -> tuple[dict[str, float], Picture]:
    """Return the main thread's ms per tick, each drawn in a frame of its own, and what it drew."""
    with _opened(browser, case) as (page, session):
        _prepare(page, case, bars)
        _open(page, visible)
        _call(page, "run", WARM_UP, WARM_UP_MS)
        before = _spent_ms(session)
        count: int = _call(page, "run", TICKS, LIMIT_MS)
        after = _spent_ms(session)
        picture = check(page, case.name, bars, visible)
    return {part: (after[part] - before[part]) / count for part in PARTS}, picture


def first_paint(browser: Browser, case: Case, bars: int, visible: int) -> float:
    """Return the main thread's ms from candles in memory to the first picture."""
    with _opened(browser, case) as (page, session):
        _prepare(page, case, bars)
        _collect(session)
        before = _spent_ms(session)
        _open(page, visible)
        spent = _spent_ms(session)["ms"] - before["ms"]
        check(page, case.name, bars, visible)
    return spent


def heap_per_bar(browser: Browser, case: Case, bars: int, visible: int) -> float:
    """Return the bytes that a chart keeps for each candle, typed arrays included."""
    few, many = (_heap(browser, case, count, visible) for count in (FEW, bars))
    return (many - few) / (bars - FEW)


def _heap(browser: Browser, case: Case, bars: int, visible: int) -> int:
    with _opened(browser, case) as (page, session):
        _prepare(page, case, bars)
        _open(page, visible)
        _call(page, "idle", 10)
        _collect(session)
        usage = session.send("Runtime.getHeapUsage")
        check(page, case.name, bars, visible)
    return int(usage["usedSize"] + usage["backingStorageSize"])


def _collect(session: CDPSession) -> None:
    for _ in range(3):
        session.send("HeapProfiler.collectGarbage")
