"""Candles against a naive fold of all trades: live, and wherever a server starts."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.feeds import feeds
from tests.support.publisher import DAY, SECOND, tick, trades
from tests.support.reference.candles import MINUTE, expected, naive, start_of
from tickfire.base.calendar.bounds import Even
from tickfire.base.units import decimal, decimal_or_none
from tickfire.ingest.kernel.state import InstrumentStates
from tickfire.server.market.candles.candles import Candles
from tickfire.server.market.candles.json import bars_as_json
from tickfire.server.market.candles.series import Series, fold, merged, piece, vwaps_of
from tickfire.server.market.candles.sources import longer_than, sources_of
from tickfire.store.schema import BAR, DAY_S, INTERVALS_S, TICK, TICK_CLEAR, TICK_TRADE, WEEK_S


def shown(candles: Candles, seconds: int, slot: int = 0) -> list[list[int]]:
    return [row[:7] for row in candles.history(slot, seconds, 5000).tolist()]


@settings(max_examples=200)
@given(feeds(), st.data())
def test_live_candles_equal_a_fold_of_all_trades(ticks: Any, data: st.DataObject) -> None:
    states = InstrumentStates()
    candles, at = Candles(states), 0
    while at < len(ticks):
        count = data.draw(st.integers(1, len(ticks) - at))
        candles.take(states.fold(ticks[at : at + count], at + 1))
        at += count
    for seconds in INTERVALS_S.values():
        assert shown(candles, seconds) == expected(ticks, seconds)


@settings(max_examples=200)
@given(feeds(), st.data())
def test_a_server_that_starts_anywhere_shows_the_same(ticks: Any, data: st.DataObject) -> None:
    """Snapshot, bars and ticks were written by ingest, which also closes bars by time."""
    snapshot_at = data.draw(st.integers(0, len(ticks)))
    ingest, bars, rows = InstrumentStates(), [np.zeros(0, BAR)], None
    for i in range(len(ticks)):
        if i == snapshot_at:
            rows = ingest.rows.copy()
        bars.append(ingest.fold(ticks[i : i + 1], i + 1))
        if data.draw(st.integers(0, 3)) == 0:
            latest = int(ticks["ts_event"][: i + 1].max())
            bars.append(ingest.close(latest + data.draw(st.integers(0, 100)) * SECOND))
    states = InstrumentStates()
    if rows is not None and len(rows):
        states.load(rows)
    candles = Candles(states)
    pieces, cutoffs = np.concatenate(bars), candles.cutoffs()
    if rows is None:
        snapshot_at = 0
    for batch in np.array_split(pieces, data.draw(st.integers(1, 4))):
        candles.load(batch, cutoffs, (snapshot_at, snapshot_at + 1))
    candles.settle()
    candles.take(states.fold(ticks[snapshot_at:], snapshot_at + 1))
    traded = (ticks["kind"] == TICK_TRADE).any()
    for seconds in INTERVALS_S.values():
        assert not traded or shown(candles, seconds) == expected(ticks, seconds)


def test_candles_equal_pandas() -> None:
    ticks = trades(20_000, step=SECOND // 3)
    states = InstrumentStates()
    candles = Candles(states)
    for at in range(0, len(ticks), 250):
        candles.take(states.fold(ticks[at : at + 250], at + 1))
    frame = pd.DataFrame({name: ticks[name] for name in ("price", "size")})
    frame.index = pd.to_datetime(ticks["ts_event"])
    for name, rule in (("1m", "1min"), ("5m", "5min"), ("15m", "15min"), ("1h", "1h")):
        bars = frame["price"].resample(rule).ohlc()
        bars["volume"] = frame["size"].resample(rule).sum()
        got = candles.history(0, INTERVALS_S[name], 5000)
        assert got[:, 0].tolist() == bars.index.astype("int64").tolist()
        assert got[:, 1:6].tolist() == bars.to_numpy().tolist()


def test_history_is_bounded_and_keeps_the_newest() -> None:
    series = Series(Even(SECOND), 10)
    for i in range(1000):
        series.merge(piece(i * SECOND, i, i, i, i, 1, 1, i))
    assert len(series) <= 10 + 257
    assert series.tail(10)[:, 0].tolist() == [i * SECOND for i in range(990, 1000)]
    series.merge(piece(0, 0, 0, 0, 0, 1, 1, 0))
    assert series.tail(5000)[0, 0] > 0


bars_of_minutes = st.lists(
    st.tuples(st.integers(0, 40), *[st.integers(1, 99)] * 7), min_size=1, max_size=40
)


@given(bars_of_minutes, st.integers(0, 40))
def test_extending_a_series_is_merging_one_by_one(rows: list[tuple[int, ...]], cut: int) -> None:
    pieces = [piece(start * MINUTE, *rest) for start, *rest in sorted(rows)]
    one, other = Series(Even(MINUTE), 100), Series(Even(MINUTE), 100)
    for row in pieces:
        one.merge(row)
    for row in pieces[:cut]:
        other.merge(row)
    rest = Series(Even(MINUTE), 100)
    for row in pieces[cut:]:
        rest.merge(row)
    other.extend(rest.tail(100))
    assert one.tail(100).tolist() == other.tail(100).tolist()
    for seconds in longer_than(60):
        longer = Series(Even(seconds * SECOND), 100)
        for row in one.tail(100).tolist():
            longer.merge(tuple(row))
        minutes = one.tail(100)
        folded = fold(minutes, longer.bounds.starts_of(minutes[:, 0]))
        assert longer.tail(100).tolist() == folded.tolist()


def test_the_later_minute_has_the_close_whatever_comes_last() -> None:
    first, second = piece(0, 1, 5, 1, 2, 1, 1, 2), piece(MINUTE, 3, 4, 3, 4, 1, 1, 4)
    whole = merged(merged(first, second), piece(0, 9, 9, 9, 9, 1, 1, 9))
    assert whole[:7] == (0, 1, 9, 1, 4, 3, 3)


@given(feeds())
def test_json_of_bars_is_what_python_writes(ticks: Any) -> None:
    states = InstrumentStates()
    candles = Candles(states)
    candles.take(states.fold(ticks, 1))
    bars = candles.history(0, 1, 100)
    assert json.loads(bytes(bars_as_json(bars))) == [
        [row[0] // 1_000_000, *map(decimal, row[1:5]), row[5], row[6], decimal_or_none(mean)]
        for row, mean in zip(bars.tolist(), vwaps_of(bars).tolist(), strict=True)
    ]


def test_no_ticks_are_no_candles() -> None:
    assert naive(np.zeros(0, TICK), SECOND) == []
    assert bytes(bars_as_json(Series(Even(SECOND), 5).tail(5))) == b"[]"


def test_time_that_goes_back_before_anything_runs_voids_what_is_later() -> None:
    before = np.concatenate([tick(at=DAY + 9 * SECOND), tick("clear", at=DAY + 9 * SECOND)])
    ingest = InstrumentStates()
    pieces = np.concatenate([ingest.fold(before, 1), ingest.close(DAY + 100 * SECOND)])
    states = InstrumentStates()
    states.load(ingest.rows)
    candles = Candles(states)
    candles.load(pieces, candles.cutoffs(), (2, 3))
    candles.settle()
    assert [row[0] for row in shown(candles, 1)] == [DAY + 9 * SECOND]
    change = candles.take(states.fold(tick(at=DAY + 5 * SECOND), 3))
    assert change.resets == {0}
    assert [row[0] for row in shown(candles, 1)] == [DAY + 5 * SECOND]


def test_a_minute_before_a_rewind_is_void_where_a_server_starts_within_the_next() -> None:
    """The first second after the rewind is closed by then, and its minute is running."""
    ticks = np.zeros(4, TICK)
    ticks["ts_event"] = DAY + np.array([5, 5, 0, 1]) * SECOND
    ticks["kind"] = TICK_TRADE, TICK_CLEAR, TICK_TRADE, TICK_TRADE
    ticks["price"], ticks["size"], ticks["instrument_id"], ticks["feed"] = 10, 1, 1, 1
    ingest, states = InstrumentStates(), InstrumentStates()
    pieces = ingest.fold(ticks, 1)
    states.load(ingest.rows.copy())
    candles = Candles(states)
    candles.load(pieces, candles.cutoffs(), (4, 5))
    candles.settle()
    for seconds in INTERVALS_S.values():
        assert shown(candles, seconds) == expected(ticks, seconds)


@st.composite
def feed_bars(draw: st.DrawFn) -> Any:
    """Bars that a feed made itself, of minutes, hours and days, ascending in each interval."""
    pieces = []
    for interval_s in draw(st.lists(st.sampled_from([60, 3600, 86_400]), unique=True)):
        steps = draw(st.lists(st.integers(0, 5), min_size=1, max_size=8))
        made = np.zeros(len(steps), BAR)
        made["start"] = DAY + np.cumsum(steps) * interval_s * SECOND
        made["instrument_id"], made["feed"], made["interval_s"] = 1, 1, interval_s
        made["volume"] = 1 + np.arange(len(steps))
        pieces.append(made)
    pieces = [np.zeros(0, BAR), *pieces]
    return np.random.default_rng(draw(st.integers(0, 9))).permutation(np.concatenate(pieces))


def volumes_of(pieces: Any, interval_s: int) -> dict[int, int]:
    """Return the volume of each bar, from the longest bars of the feed that there are."""
    wanted: dict[int, int] = {}
    if interval_s == WEEK_S:
        for day, volume in volumes_of(pieces, DAY_S).items():
            week = start_of(day, WEEK_S)
            wanted[week] = wanted.get(week, 0) + volume
        return wanted
    for source_s in sources_of(interval_s):
        own: dict[int, int] = {}
        for bar in pieces[pieces["interval_s"] == source_s]:
            start = start_of(int(bar["start"]), interval_s)
            own[start] = own.get(start, 0) + int(bar["volume"])
        wanted |= own
    return wanted


@given(feed_bars(), st.integers(0, 20))
def test_of_bars_with_one_start_the_feeds_own_longest_is_shown(pieces: Any, loaded: int) -> None:
    states = InstrumentStates()
    states.fold(tick("clear", 1, 0, 0, DAY), 1)
    candles = Candles(states)
    cutoffs = candles.cutoffs()
    candles.load(pieces[:loaded], cutoffs, (0, 1))
    for at in range(loaded, len(pieces)):
        candles.take(pieces[at : at + 1])
    for interval_s in INTERVALS_S.values():
        wanted = volumes_of(pieces, interval_s)
        assert {row[0]: row[5] for row in shown(candles, interval_s)} == wanted
        assert candles.latest(0, interval_s) == max(wanted, default=-1)
        for start, volume in wanted.items():
            bar = candles.bar(0, interval_s, start)
            assert bar is not None and bar[5] == volume
