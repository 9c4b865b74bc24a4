"""The countdown to the close of the running candle, by the clock of the feed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.support.browser.bare_chart import BareChart, bare_chart
from tests.support.browser.chromium import OpenPage
from tests.support.browser.stage import START_MS, Stage

pytestmark = pytest.mark.browser

LABEL = ".label-countdown"
MINUTE_MS = 60_000


@pytest.fixture(scope="module")
def opened(browser: Browser, package: Path) -> Iterator[BareChart]:
    with bare_chart(browser, package) as made:
        yield made


def make(chart: BareChart, options: str = "") -> None:
    chart.make(f"{{ countdown: true, {options} }}", count=300)
    chart.page.locator(LABEL).wait_for(state="attached")


def tick(chart: BareChart, time_ms: int) -> None:
    chart.run(
        f"chart.updateCandle({{ price: 101, time: {time_ms} }}); await frame(); await frame();"
    )


def seconds(text: str) -> int:
    minutes, rest = text.split(":")
    return int(minutes) * 60 + int(rest)


def test_it_counts_down_by_the_time_of_the_ticks(opened: BareChart) -> None:
    make(opened)
    label = opened.page.locator(LABEL)
    assert not label.is_visible()
    tick(opened, 300 * MINUTE_MS + 15_000)
    label.wait_for(state="visible")
    assert label.get_attribute("aria-hidden") == "true"
    first = seconds(label.inner_text())
    assert 30 <= first <= 45
    frames = opened.run("window.frames = 0; chart.on('frame', () => frames++); return frames;")
    opened.page.wait_for_function(
        "([selector, text]) => document.querySelector(selector).innerText !== text",
        arg=[LABEL, label.inner_text()],
    )
    assert seconds(label.inner_text()) < first
    assert opened.run("return frames;") == frames  # the chart itself is not drawn for it
    last = opened.box(".label-last")
    assert opened.box(LABEL)["y"] == pytest.approx(last["y"] + last["height"], abs=1)


def test_an_earlier_tick_leaves_it_and_a_longer_candle_shows_hours_or_days(
    opened: BareChart,
) -> None:
    make(opened, "interval: '1h'")
    tick(opened, 300 * MINUTE_MS + 15_000)
    label = opened.page.locator(LABEL)
    label.wait_for(state="visible")
    assert label.inner_text().startswith("58:")
    tick(opened, 299 * MINUTE_MS + 40_000)
    assert label.inner_text().startswith("58:")
    day = 24 * 60 * MINUTE_MS
    make(opened, f"interval: '1d', clock: {{ now: () => 299 * {MINUTE_MS} + {day // 4} }}")
    opened.page.wait_for_function(
        "s => document.querySelector(s).innerText === '18:00:00'", arg=LABEL
    )
    make(opened, f"interval: '1w', clock: {{ now: () => 299 * {MINUTE_MS} + {day} }}")
    opened.page.wait_for_function("s => document.querySelector(s).innerText === '6d 0h'", arg=LABEL)


def test_it_is_hidden_without_a_clock_and_gone_with_the_chart(opened: BareChart) -> None:
    make(opened, "clock: { now: () => null }")
    tick(opened, 300 * MINUTE_MS)
    assert not opened.page.locator(LABEL).is_visible()
    make(opened, f"clock: {{ now: () => 300 * {MINUTE_MS} }}")
    opened.page.locator(LABEL).wait_for(state="visible")
    opened.run("chart.destroy();")
    assert opened.page.locator(LABEL).count() == 0


def test_the_page_counts_down_in_the_time_of_a_market_of_the_past(
    stage: Stage, open_page: OpenPage
) -> None:
    chart = open_page(stage.url, symbol="ESU4", interval="5m", renderer="canvas2d")
    label = chart.page.locator(LABEL)
    assert not label.is_visible()
    # Of another symbol: the market's clock is one.
    stage.trade("NQU4", "20019", 1, at_ms=START_MS + 100_000)
    label.wait_for(state="visible")
    assert 120 <= seconds(label.inner_text()) <= 200
    stage.serving.stop()
    chart.wait_data("fresh", "down")
    chart.page.wait_for_function(
        "s => getComputedStyle(document.querySelector(s)).visibility === 'hidden'", arg=LABEL
    )
