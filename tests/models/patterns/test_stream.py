"""The patterns model of `tickfire infer`: events as bars close."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.models.bars import MINUTE, START, minute_bars
from tests.support.models.candles import gridded_candles
from tests.support.models.drawings import DRAWINGS
from tickfire.base.calendar.bounds import bounds_of
from tickfire.base.calendar.hours import ALWAYS, TradingHours
from tickfire.models.infer.instruments import Instruments
from tickfire.models.patterns.candles import CandlePatterns
from tickfire.models.patterns.catalogue import CANDLE_PATTERNS
from tickfire.models.patterns.longer import Candle, LongerCandles
from tickfire.models.patterns.stream import PatternsModel
from tickfire.models.records import Signal
from tickfire.models.registry import stream_model
from tickfire.store.schema import BAR_LATE, BAR_REWIND, DAY_S, WEEK_S, Instrument


def model(*intervals: str) -> PatternsModel:
    instruments = Instruments([Instrument(0, 1, "ACME"), Instrument(0, 2, "OTHER")])
    return PatternsModel(instruments, intervals) if intervals else PatternsModel(instruments)


def candlesticks(signals: Sequence[Signal]) -> list[tuple[int, str]]:
    return [(s.at, s.detail["name"]) for s in signals if s.detail["kind"] == "candlestick"]


def test_candlestick_event_at_close_of_last_bar() -> None:
    prices = np.stack(gridded_candles(11, 400), axis=1)
    made = model("1m")
    signals = [signal for bar in minute_bars(prices) for signal in made.on_bars(0, np.array([bar]))]
    said = CandlePatterns().push(*prices.T)
    expected = [
        (START + (int(row) + 1) * MINUTE, CANDLE_PATTERNS[column].name)
        for row, column in np.argwhere(said)
        if CANDLE_PATTERNS[column].candles >= 2
    ]
    assert sorted(candlesticks(signals)) == sorted(expected)
    assert len(expected) > 50
    one = next(s for s in signals if s.detail["name"] == "engulfing")
    assert (one.event, one.symbol, one.model) == ("pattern", "ACME", "patterns/1")
    assert one.detail["interval"] == "1m" and one.detail["bars"] == 2
    assert one.detail["direction"] in ("up", "down") and one.detail["quality"] in (0.8, 1.0)
    assert one.n == (one.at - START) // MINUTE * 10
    json.dumps([s.detail for s in signals], allow_nan=False)
    assert made.metrics()["bars"] == 400


def test_chart_event_holds_swings() -> None:
    drawing, name, direction = DRAWINGS["double top"]
    prices = np.column_stack([drawing[:, 2], drawing])
    signals = model("1m").on_bars(0, minute_bars(prices))
    one = next(s for s in signals if s.detail["kind"] == "chart" and s.detail["name"] == name)
    assert one.detail["direction"] == direction
    assert 0.5 < one.detail["quality"] <= 1.0
    times = [time for time, _ in one.detail["points"]]
    assert times == sorted(times)
    for time, price in one.detail["points"]:
        row = prices[(time * 10**6 - START) // MINUTE]
        assert any(abs(price - x) < 1e-8 for x in row)


def test_longer_intervals_use_folded_candles() -> None:
    prices = np.stack(gridded_candles(11, 3_000), axis=1)
    signals = model("5m").on_bars(0, minute_bars(prices))
    fives = np.stack(
        [
            prices[::5, 0],
            prices[:, 1].reshape(-1, 5).max(1),
            prices[:, 2].reshape(-1, 5).min(1),
            prices[4::5, 3],
        ]
    )
    said = CandlePatterns().push(*fives)
    expected = sum(CANDLE_PATTERNS[column].candles >= 2 for _, column in np.argwhere(said))
    assert len(candlesticks(signals)) == expected > 20
    assert all((s.at - START) % (5 * MINUTE) == 0 for s in signals)
    assert {s.detail["interval"] for s in signals} == {"5m"}


@settings(max_examples=15)
@given(st.lists(st.integers(1, 60), max_size=10))
def test_result_does_not_depend_on_batches_or_other_instruments(cuts: list[int]) -> None:
    one, two = (np.stack(gridded_candles(seed, 200), axis=1) for seed in (11, 12))
    both = np.stack([minute_bars(one), minute_bars(two, 2)], axis=1).ravel()
    made, at = model(), 0
    pieces: list[Signal] = []
    for step in [*cuts, len(both)]:
        pieces += made.on_bars(0, both[at : at + step])
        at += step
    alone = [*model().on_bars(0, minute_bars(one)), *model().on_bars(0, minute_bars(two, 2))]
    assert alone
    assert sorted(pieces, key=repr) == sorted(alone, key=repr)


def test_late_pieces_and_other_intervals_are_ignored() -> None:
    series = minute_bars(np.stack(gridded_candles(11, 200), axis=1))
    late = series[50:51].copy()
    late["flags"], late["high"] = BAR_LATE, series["high"].max() * 2
    second = series[60:61].copy()
    second["interval_s"] = 1
    disturbed = np.concatenate([series[:100], late, second, series[100:]])
    found = model().on_bars(0, series)
    assert found
    assert model().on_bars(0, disturbed) == found


def test_rewind_starts_series_anew() -> None:
    series = minute_bars(np.stack(gridded_candles(11, 200), axis=1))
    made = model()
    made.on_bars(
        0, minute_bars(np.stack(gridded_candles(12, 200), axis=1), start=START + 10**6 * MINUTE)
    )
    again = series.copy()
    again["flags"][0] = BAR_REWIND
    found = model().on_bars(0, series)
    assert found
    assert made.on_bars(0, again) == found


def test_grows_with_number_of_instruments() -> None:
    prices = np.stack(gridded_candles(11, 60), axis=1)
    rows = [minute_bars(prices, number) for number in range(1, 101)]
    together = model("1m").on_bars(0, np.stack(rows, axis=1).ravel())
    alone = model("1m").on_bars(0, minute_bars(prices))
    assert len(together) == 100 * len(alone) > 0


def test_is_registered_for_infer() -> None:
    assert stream_model("patterns") is PatternsModel
    with pytest.raises(ValueError, match="minute"):
        model("1s")


@given(st.sets(st.integers(0, 120), min_size=1), st.sampled_from([60, 300, 900]))
def test_longer_candles_hold_each_minute_once(minutes: set[int], seconds: int) -> None:
    fold = LongerCandles(bounds_of(seconds, ALWAYS))
    span = seconds // 60
    closed = [
        candle
        for k in sorted(minutes)
        for candle in fold.push(Candle(k * MINUTE, k, (k + 0.5, k + 1.0, float(k), k + 0.25)))
    ]
    groups = {k // span: [m for m in sorted(minutes) if m // span == k // span] for k in minutes}
    whole = [
        Candle(
            g * span * MINUTE,
            held[-1],
            (held[0] + 0.5, held[-1] + 1.0, float(held[0]), held[-1] + 0.25),
        )
        for g, held in sorted(groups.items())
    ]
    ended = whole if max(minutes) % span == span - 1 else whole[:-1]
    assert closed == ended


@pytest.mark.parametrize("interval_s", [DAY_S, WEEK_S])
@given(
    st.lists(st.integers(0, 20 * 1440), min_size=1, max_size=60, unique=True),
    st.sampled_from(["2024-03-04", "2024-10-28"]),  # clocks change on the next Sunday
)
def test_days_and_weeks_are_those_of_sessions(
    interval_s: int, minutes: list[int], begin: str
) -> None:
    hours = TradingHours.parse("cme")
    bounds = bounds_of(interval_s, hours)
    first = int(np.datetime64(begin, "ns").astype(np.int64))
    starts = [first + k * MINUTE for k in sorted(minutes)]
    fold = LongerCandles(bounds)
    closed = [
        candle
        for k, start in enumerate(starts)
        for candle in fold.push(Candle(start, k, (1.0 + k, 2.0 + k, 0.5 - k, 1.5 + k)))
    ]
    groups: dict[int, list[int]] = {}
    for k, start in enumerate(starts):
        groups.setdefault(bounds.start_of(start), []).append(k)
    whole = [
        Candle(day, held[-1], (1.0 + held[0], 2.0 + held[-1], 0.5 - held[-1], 1.5 + held[-1]))
        for day, held in groups.items()
    ]
    ended = bounds.end(whole[-1].start) <= starts[-1] + MINUTE
    assert closed == (whole if ended else whole[:-1])


def test_daily_pattern_has_the_close_of_its_session() -> None:
    prices = np.stack(gridded_candles(11, 40), axis=1)
    hours = TradingHours.parse("cme")
    table = Instruments([Instrument(0, 1, "ESU4", dataset="GLBX.MDP3")])
    begin = int(np.datetime64("2024-03-01T15:00", "ns").astype(np.int64))
    rows = minute_bars(prices, start=begin)
    rows["start"] = begin + np.arange(len(rows)) * DAY_S * 10**9
    signals = PatternsModel(table, ["1d"]).on_bars(0, rows)
    assert signals
    closes = {hours.closing(date(2024, 3, 1) + timedelta(days)) for days in range(60)}
    assert {signal.at for signal in signals} <= closes
