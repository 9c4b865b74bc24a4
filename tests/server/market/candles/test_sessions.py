"""Days and weeks by trading hours, and mean prices, against a plain fold of all trades."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.feeds import feeds
from tests.support.publisher import SECOND
from tests.support.reference.candles import MINUTE, naive, naive_longer
from tickfire.base.calendar.bounds import bounds_of
from tickfire.base.calendar.hours import ALWAYS, TradingHours
from tickfire.base.units import UNDEF_PRICE
from tickfire.ingest.kernel.state import InstrumentStates
from tickfire.server.market.candles.candles import Candles
from tickfire.server.market.candles.series import vwaps_of
from tickfire.store.schema import DAY_S, TICK, TICK_TRADE, WEEK_S

HOURS = [TradingHours.parse(name) for name in ("cme", "us-equities", "us-equities-extended")]
CHANGES = (1_710_000_000, 1_730_520_000)  # the days before the clocks of New York change in 2024


@st.composite
def trades_around_a_change(draw: st.DrawFn) -> Any:
    """Trades over three weeks around a change of the clocks, some of them late."""
    start = draw(st.sampled_from(CHANGES))
    times = draw(st.lists(st.integers(-10 * 86_400, 10 * 86_400), min_size=1, max_size=60))
    ticks = np.zeros(len(times), TICK)
    late = draw(st.booleans())
    ticks["ts_event"] = (start + np.array(times if late else sorted(times))) * SECOND
    ticks["kind"], ticks["instrument_id"], ticks["feed"] = TICK_TRADE, 1, 1
    ticks["price"] = draw(
        st.lists(st.integers(1, 10**13), min_size=len(times), max_size=len(times))
    )
    ticks["size"] = draw(st.lists(st.integers(1, 900), min_size=len(times), max_size=len(times)))
    return ticks


def live(ticks: Any, hours: TradingHours, batch: int) -> Candles:
    states = InstrumentStates()
    candles = Candles(states, hours_of=lambda slot: hours)
    for at in range(0, len(ticks), batch):
        candles.take(states.fold(ticks[at : at + batch], at + 1))
    return candles


@settings(max_examples=150)
@given(trades_around_a_change(), st.sampled_from(HOURS), st.integers(1, 30))
def test_days_and_weeks_are_those_of_the_trading_hours(
    ticks: Any, hours: TradingHours, batch: int
) -> None:
    candles = live(ticks, hours, batch)
    minutes = naive(ticks, MINUTE)
    for interval_s in (DAY_S, WEEK_S):
        bounds = bounds_of(interval_s, hours)
        wanted = naive_longer(minutes, bounds.start_of)
        got = candles.history(0, interval_s, 5_000)
        assert [row[:7] for row in got.tolist()] == wanted
        assert candles.latest(0, interval_s) == wanted[-1][0]
        for row in wanted:
            bar = candles.bar(0, interval_s, row[0])
            assert bar is not None and list(bar[:7]) == row
        middle = wanted[len(wanted) // 2][0]
        before = candles.before(0, interval_s, middle, 5_000)
        assert before[:, 0].tolist() == [row[0] for row in wanted if row[0] < middle]


@given(trades_around_a_change(), st.sampled_from(HOURS), st.sampled_from(HOURS))
def test_days_are_folded_anew_when_the_trading_hours_become_known(
    ticks: Any, first: TradingHours, then: TradingHours
) -> None:
    known = [first]
    states = InstrumentStates()
    candles = Candles(states, hours_of=lambda slot: known[0])
    candles.take(states.fold(ticks, 1))
    known[0] = then
    candles.refold(0)
    for interval_s in (DAY_S, WEEK_S):
        got = candles.history(0, interval_s, 5_000).tolist()
        assert got == live(ticks, then, 7).history(0, interval_s, 5_000).tolist()


def exact_vwaps(ticks: Any, interval_s: int, hours: TradingHours) -> dict[int, Fraction]:
    bounds = bounds_of(interval_s, hours)
    sums: dict[int, tuple[int, int]] = {}
    for row in ticks:
        price, size = int(row["price"]), int(row["size"])
        start = bounds.start_of(int(row["ts_event"]))
        notional, volume = sums.get(start, (0, 0))
        sums[start] = notional + price * size, volume + size
    return {start: Fraction(*both) for start, both in sums.items()}


@given(trades_around_a_change(), st.sampled_from(HOURS), st.integers(1, 30))
def test_the_mean_price_is_exact_to_the_last_decimal(
    ticks: Any, hours: TradingHours, batch: int
) -> None:
    candles = live(ticks, hours, batch)
    for interval_s in (1, 60, 900, DAY_S, WEEK_S):
        bars = candles.history(0, interval_s, 5_000)
        wanted = exact_vwaps(ticks, interval_s, hours)
        for start, mean in zip(bars[:, 0].tolist(), vwaps_of(bars).tolist(), strict=True):
            assert abs(mean - wanted[start]) <= 1, (interval_s, start)


@given(feeds())
def test_a_bar_without_volume_has_no_mean_price(ticks: Any) -> None:
    ticks["size"] = 0
    bars = live(ticks, ALWAYS, 10).history(0, 60, 100)
    assert (vwaps_of(bars) == UNDEF_PRICE).all()


@pytest.mark.parametrize("interval_s", [DAY_S, WEEK_S])
def test_a_trade_after_the_close_that_comes_late_belongs_to_the_next_trade_date(
    interval_s: int,
) -> None:
    hours = TradingHours.parse("cme")
    close = hours.closing(date(2024, 6, 28))
    ticks = np.zeros(4, TICK)
    ticks["ts_event"] = [close - SECOND, close + 26 * 3_600 * SECOND, close, close - 1]
    ticks["kind"], ticks["instrument_id"], ticks["feed"] = TICK_TRADE, 1, 1
    ticks["price"], ticks["size"] = 10, [1, 2, 4, 8]
    bars = live(ticks, hours, 1).history(0, interval_s, 10)
    assert bars[:, 5].tolist() == [1 + 8, 2 + 4]
