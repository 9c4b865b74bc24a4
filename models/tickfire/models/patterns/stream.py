"""`PatternsModel`: patterns of every instrument as its bars close, for `tickfire infer`."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import numpy as np

from tickfire.base.calendar.bounds import Bounds, bounds_of
from tickfire.base.calendar.hours import TradingHours
from tickfire.base.units import NS_PER_MS
from tickfire.models.infer.closed_bars import ClosedBars
from tickfire.models.infer.instruments import Instruments, SeriesKey
from tickfire.models.infer.stream_model import StreamModel
from tickfire.models.patterns.candles import CandlePatterns
from tickfire.models.patterns.catalogue import CANDLE_PATTERNS
from tickfire.models.patterns.chart import CHART_MEANINGS, ChartPattern, ChartPatterns
from tickfire.models.patterns.longer import Candle, LongerCandles
from tickfire.models.records import Signal
from tickfire.store.schema import INTERVALS_S, MINUTE_S, Rows

INTERVALS: Final = ("1m", "5m", "15m", "1h")
"""Intervals whose candles are evaluated; candles of a second are mostly noise."""
LEAST_CANDLES: Final = 2
"""Least number of candles of a pattern to report; a single candle can be seen on the chart."""
FULL: Final = 100.0
"""Magnitude of the result of a complete candlestick pattern."""
KEPT_BARS: Final = 4096
"""Number of bars of a series whose times are remembered, for the points of chart patterns."""
FIRST_SERIES: Final = 64
VERSION: Final = 1


class PatternsModel(StreamModel):
    """Candlestick and chart patterns.

    Parameters
    ----------
    instruments : Instruments
    intervals : sequence of str
        Each of a minute or more.

    Raises
    ------
    ValueError
        An interval is shorter than a minute.
    """

    name = "patterns"
    wants_bars = True

    def __init__(self, instruments: Instruments, intervals: Sequence[str] = INTERVALS) -> None:
        super().__init__(instruments)
        self._intervals = tuple(intervals)
        if any(INTERVALS_S[name] < MINUTE_S for name in self._intervals):
            raise ValueError("patterns need candles of a minute or more")
        self._candles = CandlePatterns(series=FIRST_SERIES)
        self._used = 0
        self._instruments: dict[SeriesKey, _Instrument] = {}
        self._counts = {"bars": 0, "candlesticks": 0, "charts": 0}

    def on_bars(self, shard: int, bars: Rows) -> Sequence[Signal]:
        """Return the patterns that closed bars complete; see `StreamModel.on_bars`."""
        minutes = bars[bars["interval_s"] == MINUTE_S]
        closed = [one for bar in minutes for one in self._closed(bar)]
        if not closed:
            return ()
        self._counts["bars"] += len(closed)
        o, h, l, c = np.array([candle.prices for _, candle in closed]).T  # noqa: E741
        results = self._candles.push(o, h, l, c, [series.number for series, _ in closed])
        return [
            signal
            for (series, candle), row in zip(closed, results, strict=True)
            for signal in self._signals(series, candle, row)
        ]

    def metrics(self) -> Mapping[str, float]:
        """Return counters; see `StreamModel.metrics`."""
        return self._counts

    def _closed(self, bar: Any) -> Iterator[tuple[_Series, Candle]]:
        """Yield the candles of all intervals that a minute bar closes."""
        about = int(bar["feed"]), int(bar["instrument_id"]), int(bar["start"])
        key = self.instruments.series(*about)
        instrument = self._instruments.get(key)
        if instrument is None:
            instrument = self._instruments[key] = self._new(key, self.instruments.hours(*about))
        step = instrument.bars.take(bar)
        if step == "skip":
            return
        if step == "restart":
            for series in instrument.series:
                series.reset()
                self._candles.reset(series.number)
        minute = Candle.of(bar)
        for series in instrument.series:
            for candle in series.longer.push(minute):
                yield series, candle

    def _new(self, key: SeriesKey, hours: TradingHours) -> _Instrument:
        first = self._used
        self._used += len(self._intervals)
        if self._used > self._candles.series:
            self._candles.grow(2 * self._used)
        return _Instrument(
            [
                _Series(key, name, bounds_of(INTERVALS_S[name], hours), first + k)
                for k, name in enumerate(self._intervals)
            ]
        )

    def _signals(self, series: _Series, candle: Candle, row: Any) -> Iterator[Signal]:
        for column in np.flatnonzero(row).tolist():
            pattern = CANDLE_PATTERNS[column]
            if pattern.candles >= LEAST_CANDLES:
                self._counts["candlesticks"] += 1
                result = int(row[column])
                yield self._signal(series, candle, _candlestick(column, result, series))
        series.starts.append(candle.start)
        for chart in series.chart.push(*candle.prices[1:]):
            self._counts["charts"] += 1
            yield self._signal(series, candle, _chart(chart, series))

    def _signal(self, series: _Series, candle: Candle, detail: dict[str, Any]) -> Signal:
        symbol = self.instruments.name(series.key)
        end = series.bounds.end(candle.start)
        return Signal("pattern", symbol, end, detail, f"{self.name}/{VERSION}", candle.position)


class _Series:
    """State of one symbol and interval."""

    def __init__(self, key: SeriesKey, interval: str, bounds: Bounds, number: int) -> None:
        self.key = key
        self.interval = interval
        self.bounds = bounds
        self.number = number
        self.reset()

    def reset(self) -> None:
        """Forget all bars."""
        self.longer = LongerCandles(self.bounds)
        self.chart = ChartPatterns()
        self.starts: deque[int] = deque(maxlen=KEPT_BARS)


class _Instrument:
    """State of one symbol."""

    def __init__(self, series: list[_Series]) -> None:
        self.bars = ClosedBars()
        self.series = series


def _candlestick(column: int, result: int, series: _Series) -> dict[str, Any]:
    pattern = CANDLE_PATTERNS[column]
    return {
        "kind": "candlestick",
        "name": pattern.name,
        "interval": series.interval,
        "direction": pattern.direction(result),
        "quality": min(abs(result) / FULL, 1.0),
        "bars": pattern.candles,
        "text": pattern.meaning,
    }


def _chart(found: ChartPattern, series: _Series) -> dict[str, Any]:
    newest = len(series.starts) - 1
    points = [
        [series.starts[newest - ago] // NS_PER_MS, price]
        for ago, price in found.points
        if ago <= newest
    ]
    return {
        "kind": "chart",
        "name": found.name,
        "interval": series.interval,
        "direction": found.direction,
        "quality": round(found.quality, 3),
        "bars": found.bars,
        "points": points,
        "text": CHART_MEANINGS[found.name],
    }
