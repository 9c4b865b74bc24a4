"""Correlation with another symbol: chosen by keys, live from both, with the bits of native."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Browser

from tests.support.browser.chromium import Chart, open_chart
from tests.support.browser.stage import START_MS, Market, Stage, staged
from tests.support.eventually import wait_until
from tickfire.kernels import native

pytestmark = [pytest.mark.browser, pytest.mark.timeout(400)]  # kernels may have to be compiled

OWN, OTHER = "ESU4", "NQU4"
PERIOD = 20
SIZE = {"width": 1200, "height": 760}


def prepared() -> Market:
    """Return a market in which the other symbol lacks every seventh candle of a minute."""
    market = Market(history=700)
    bars = market.instruments[OTHER].bars["1m"]
    bars[:] = [bar for i, bar in enumerate(bars) if i % 7 != 3]
    return market


@pytest.fixture(scope="module")
def stage(static: Path) -> Iterator[Stage]:
    with staged(prepared(), static) as stage:
        yield stage


@pytest.fixture
def chart(stage: Stage, browser: Browser) -> Iterator[Chart]:
    made = open_chart(
        browser, stage.url, viewport=SIZE, renderer="canvas2d", symbol=OWN, interval="1m"
    )
    yield made
    assert made.complaints == []
    made.page.context.close()


def add(chart: Chart, symbol: str) -> None:
    """Add the correlation with a symbol by keyboard alone."""
    chart.choose("i", "#indicator-panel", "correlation")
    choose(chart, symbol)


def choose(chart: Chart, symbol: str) -> None:
    field = chart.page.locator(".chosen-symbol")
    field.focus()
    chart.page.keyboard.press("Control+a")
    chart.page.keyboard.type(symbol)
    chart.page.keyboard.press("Enter")


def drawn(chart: Chart) -> tuple[list[int], NDArray[np.float64]]:
    """Return the candles' times and the coefficients, as the table that the page saves has them."""
    chart.page.click("#export")
    with chart.page.expect_download() as saved:
        chart.page.get_by_role("button", name="Save CSV").click()
    head, *rows = csv.reader(saved.value.path().read_text().splitlines())
    assert head[-1].startswith("Correlation"), head
    times = [round(datetime.fromisoformat(row[0]).timestamp() * 1000) for row in rows]
    return times, np.array([float(row[-1]) if row[-1] else np.nan for row in rows])


def wanted(
    stage: Stage, times: list[int], other: str = OTHER, own: str = OWN
) -> NDArray[np.float64]:
    """Return what native gives for the pairs of candles of the same time."""
    closes = {
        symbol: {bar[0]: float(bar[4]) for bar in stage.market.instruments[symbol].bars["1m"]}
        for symbol in (own, other)
    }
    common = [time for time in times if time in closes[other]]
    x, y = (np.array([closes[symbol][time] for time in common]) for symbol in (other, own))
    found = dict(zip(common, native.correlation(x, y, PERIOD).coefficient, strict=True))
    return np.array([found.get(time, np.nan) for time in times])


def agrees(chart: Chart, stage: Stage) -> bool:
    """Tell whether every coefficient drawn has the bits of native."""
    times, got = drawn(chart)
    expected = wanted(stage, times)
    same = (got == expected) | (np.isnan(got) & np.isnan(expected))
    return bool(same.all()) and len(times) > 600


def test_it_is_chosen_by_keys_and_has_the_bits_of_native(stage: Stage, chart: Chart) -> None:
    add(chart, OTHER.lower())
    assert chart.page.locator(".chosen-symbol").input_value() == OTHER
    chart.page.keyboard.press("Escape")
    chart.page.wait_for_selector(f".pane-legend >> text=Correlation {OTHER} {PERIOD}")
    wait_until(lambda: agrees(chart, stage), "the coefficients of native")
    for i, (symbol, price) in enumerate(
        [(OWN, "5525"), (OTHER, "20020"), (OTHER, "20031.5"), (OWN, "5519.75"), (OTHER, "20007")]
    ):
        stage.trade(symbol, price, 3, at_ms=START_MS + i * 40_000)
    wait_until(lambda: agrees(chart, stage), "the coefficients after trades of both")
    assert f"correlation%28{PERIOD}%2Cclose%2C{OTHER}%29" in chart.page.url
    chart.page.reload()
    chart.wait_live()
    wait_until(lambda: agrees(chart, stage), "the coefficients after a reload")


def test_the_chart_may_change_to_the_other_symbol_and_to_another_interval(
    stage: Stage, chart: Chart
) -> None:
    add(chart, OTHER)
    chart.page.keyboard.press("Escape")
    chart.page.wait_for_selector(f".pane-legend >> text=Correlation {OTHER}")
    chart.page.keyboard.press("/")
    chart.page.keyboard.type(OTHER)
    chart.page.keyboard.press("Enter")
    wait_until(lambda: chart.text(".legend-title").startswith(OTHER), "the other symbol")
    # A symbol moves with itself.
    wait_until(lambda: bool((drawn(chart)[1][PERIOD:] > 0.999999).all()), "a correlation of 1")
    chart.page.go_back()
    wait_until(lambda: chart.text(".legend-title").startswith(OWN), "the first symbol")
    wait_until(lambda: agrees(chart, stage), "the coefficients after Back")
    chart.page.keyboard.press("3")
    chart.wait_data("interval", "5m")
    wait_until(
        lambda: f"candles:{OTHER}:5m" in dict(stage.market.joins),
        "the other's candles",
    )
    wait_until(lambda: int(np.isfinite(drawn(chart)[1]).sum()) > 600, "coefficients at 5 minutes")
    chart.page.keyboard.press("2")
    wait_until(lambda: agrees(chart, stage), "the coefficients at a minute again")


def test_an_unknown_symbol_is_told_by_name(stage: Stage, chart: Chart) -> None:
    add(chart, OTHER)
    choose(chart, "nosuch")
    assert chart.text(".chosen-error") == 'There is no symbol "nosuch" in this market.'
    title = f"Correlation {OTHER} {PERIOD}"
    wait_until(lambda: chart.text(".pane-legend .series-title") == title, "the symbol before")
    choose(chart, "EUR/USD")
    assert chart.text(".chosen-error") == ""
    chart.page.wait_for_selector(".pane-legend >> text=Correlation EUR/USD 20")
    chart.page.goto(f"{stage.url}?renderer=canvas2d&symbol={OWN}&indicators=correlation(9,XYZ)")
    chart.page.get_by_text("Candles of XYZ: unknown symbol").wait_for()
    assert chart.text(".pane-legend .series-title") == "Correlation XYZ 9"
