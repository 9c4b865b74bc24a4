"""Take the screenshots of docs/page.md and docs/pipeline.md: `make screenshots`.

Runs the whole product on its simulated market, opens the page at four widths in both themes, and
writes small PNGs into docs/images.
"""

from __future__ import annotations

import io
import os
import signal
import tempfile
from pathlib import Path
from typing import Final

from PIL import Image
from playwright.sync_api import Browser, Page

from tests.support.browser.chromium import Chart, launch, open_chart
from tests.support.browser.house import house
from tests.support.paths import ROOT
from tests.support.processes import child_of

IMAGES: Final = ROOT / "docs" / "images"
SIZES: Final = {390: 844, 768: 1024, 1440: 900, 2560: 1300}
THEMES: Final = ("dark", "light")
INDICATORS: Final = "ema(20),bollinger(20,2),macd(12,26,9)"
INTERVAL: Final = "1s"
CANDLES: Final = 90
"""Candles to wait for: as many seconds of the market."""
COLORS: Final = 192
MINUTE_MS: Final = 60_000
TRADES: Final = 10
"""Rows of the list of sampled trades."""
SHEETS: Final = {"dark": "watch", "light": "news"}
"""The sheet that is open on the phone."""


def main() -> None:
    """Take all screenshots."""
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "house.log"
        with house({}, log) as (url, pid), launch() as browser:
            first = _open(browser, url, "dark", 1440)
            first.wait_live(CANDLES, timeout_ms=240_000)
            first.page.context.close()
            for theme in THEMES:
                for width in SIZES:
                    _take(browser, url, theme, width)
            _take_pipeline(browser, url)
            _take_failure(browser, url, pid)


def _open(browser: Browser, url: str, theme: str, width: int) -> Chart:
    init = f"localStorage.setItem('tickfire.theme', '{theme}')"
    viewport = {"width": width, "height": SIZES[width]}
    narrow = width <= 760
    indicators = "ema(20)" if narrow else INDICATORS
    return open_chart(
        browser,
        url,
        viewport=viewport,
        touch=narrow,
        scale=2 if narrow else 1,
        init=init,
        interval=INTERVAL,
        indicators=indicators,
    )


def _take(browser: Browser, url: str, theme: str, width: int) -> None:
    chart = _open(browser, url, theme, width)
    page = chart.page
    chart.wait_live(CANDLES)
    page.locator(".news-item").first.wait_for(state="attached")
    page.wait_for_function("() => document.querySelectorAll('.tape-row:not([hidden])').length > 12")
    page.wait_for_function("() => document.getElementById('status-latency').innerText !== '—'")
    if width <= 760:
        page.locator(f".tabs [data-opens={SHEETS[theme]}]").click()
    page.mouse.move(1, 1)
    chart.settle()
    _save(page, f"page-{theme}-{width}")


def _take_pipeline(browser: Browser, url: str) -> None:
    """Take the page at /pipeline, once its list of trades is full."""
    page = browser.new_page(viewport={"width": 1440, "height": 1000})
    page.goto(f"{url}pipeline?renderer=canvas2d")
    page.locator(".follow-row[data-hop=present]").wait_for(timeout=MINUTE_MS)
    page.locator(".trades-row").nth(TRADES - 1).wait_for(timeout=MINUTE_MS)
    _save(page, "pipeline-dark")


def _take_failure(browser: Browser, url: str, pid: int) -> None:
    """Take the panel while ingest is suspended."""
    page = _open(browser, url, "light", 1440).page
    page.locator("#status-latency-button").click()
    page.locator(".node[data-node=kernel][data-state=up]").wait_for()
    page.locator(".trades-row").nth(TRADES - 1).wait_for(timeout=MINUTE_MS)
    ingest = child_of(pid, "ingest")
    os.kill(ingest, signal.SIGSTOP)
    try:
        page.locator(".node[data-node=kernel][data-state=down]").wait_for()
        page.locator(".node[data-node=feed]", has_text="ticks wait").wait_for()
        _save(page, "pipeline-down-light")
    finally:
        os.kill(ingest, signal.SIGCONT)


def _save(page: Page, name: str) -> None:
    """Save what a page shows as a small picture of the docs, and close it."""
    taken = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    path = IMAGES / f"{name}.png"
    small = taken.quantize(COLORS, dither=Image.Dither.NONE)
    small.save(path, optimize=True)
    print(f"{path.relative_to(ROOT)}  {path.stat().st_size // 1024} KiB")
    page.context.close()


if __name__ == "__main__":
    main()
