"""Days and weeks by trading hours: live candles, breaks, the countdown, and the mean price."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.support.browser.chromium import Chart, OpenPage
from tests.support.browser.stage import START_MS, Market, Stage, staged
from tickfire.base.calendar.hours import TradingHours

pytestmark = pytest.mark.browser

HOUR_MS = 3_600_000
CLOSE_MS = START_MS + 7 * HOUR_MS + HOUR_MS // 2
"""Monday 1 July 2024, 16:00 in Chicago."""


@pytest.fixture(scope="module")
def chicago(static: Path) -> Iterator[Stage]:
    market = Market(history=300)
    market.instruments["ESU4"].hours = TradingHours.parse("cme")
    with staged(market, static) as stage:
        yield stage


def newest(chart: Chart) -> str:
    """Return the date of the newest candle, which the crosshair shows."""
    chart.page.locator("#chart").focus()
    chart.page.keyboard.press("Escape")
    chart.page.keyboard.press("Shift+ArrowLeft")
    chart.settle()
    return chart.page.locator("#chart .label-time").inner_text()


def trade(stage: Stage, chart: Chart, price: str, at_ms: int) -> None:
    stage.market.trade("ESU4", price, 5, side="B", at_ms=at_ms)
    chart.page.wait_for_function(
        "price => document.querySelector('#chart .label-last').innerText === price", arg=price
    )
    chart.settle()


def test_a_trade_after_the_close_begins_the_next_day_at_once(
    chicago: Stage, open_page: OpenPage
) -> None:
    chart = open_page(chicago.url, symbol="ESU4", interval="1d")
    trade(chicago, chart, "5530.25", CLOSE_MS - 1000)
    assert newest(chart) == "Mon 1 Jul 2024"
    countdown = chart.page.locator(".label-countdown")
    countdown.wait_for(state="visible")
    assert countdown.inner_text() in ("00:01", "00:00")  # by the session, not at midnight
    trade(chicago, chart, "5531.25", CLOSE_MS)
    assert newest(chart) == "Tue 2 Jul 2024"
    trade(chicago, chart, "5532.25", CLOSE_MS + 20 * HOUR_MS)
    assert newest(chart) == "Tue 2 Jul 2024"
    assert countdown.inner_text().startswith(("03:59:", "04:00:"))
    chart.page.keyboard.press("7")
    chart.page.wait_for_function("() => document.querySelector('.legend').innerText.includes('1w')")
    chart.wait_live()
    assert newest(chart) == "Mon 1 Jul 2024"
    assert chart.complaints == []


def test_the_legend_tells_the_mean_price_and_the_number_of_trades(
    chicago: Stage, open_page: OpenPage
) -> None:
    chart = open_page(chicago.url, symbol="NQU4", interval="1h")
    for price, volume in (("20000", 1), ("20001", 2)):
        chicago.market.trade("NQU4", price, volume, side="B", at_ms=START_MS + 26 * HOUR_MS)
    chart.page.get_by_text("20000.667").wait_for()
    legend = " ".join(chart.page.locator("#chart .legend").inner_text().split())
    assert " V3 " in legend
    assert legend.endswith(" VWAP20000.667 Trades2")


def breaks(chart: Chart) -> int:
    """Return the number of columns of the pane that are dashed in the colour of breaks."""
    pane = chart.region(chart.shoot(), "#chart .pane")
    color = chart.page.evaluate(
        "() => getComputedStyle(document.querySelector('#chart .legend-key')).color"
    )
    wanted = np.array([int(part) for part in color[4:-1].split(",")])
    dashes = (np.abs(pane - wanted).max(axis=2) <= 2).mean(axis=0)
    return int((dashes > 0.25).sum())


def test_sessions_are_divided_by_a_line(chicago: Stage, open_page: OpenPage) -> None:
    chicago.market.instruments["CLQ4"].hours = TradingHours.parse("cme")
    chart = open_page(chicago.url, symbol="CLQ4", interval="15m")
    before = breaks(chart)
    for hours in (0, 2, 25):
        chicago.market.trade("CLQ4", "82.01", 1, side="B", at_ms=CLOSE_MS + hours * HOUR_MS)
    chart.page.locator(".label-last", has_text="82.01").wait_for()
    assert breaks(chart) == before + 2
