"""Longer candles from minute candles, each closed as early as it is certain to be over. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from tickfire.base.calendar.bounds import Bounds
from tickfire.base.units import NS_PER_S, PRICE_SCALE
from tickfire.kernels.aggregate import BAR_WORDS, CLOSE, HIGH, LOW, OPEN, add_bar, begin_bar

MINUTE_NS: Final = 60 * NS_PER_S
_PRICES: Final = (OPEN, HIGH, LOW, CLOSE)


class Candle(NamedTuple):
    """A closed candle.

    Attributes
    ----------
    start : int
        ns since the Unix epoch.
    position : int
        Position of its last tick.
    prices : tuple of 4 floats
        Open, high, low and close, in units of the instrument.
    """

    start: int
    position: int
    prices: tuple[float, float, float, float]

    @classmethod
    def of(cls, bar: Any) -> Candle:
        """Return the candle of a BAR."""
        o, h, l, c = (int(bar[k]) / PRICE_SCALE for k in ("open", "high", "low", "close"))  # noqa: E741
        return cls(int(bar["start"]), int(bar["n"]), (o, h, l, c))


class LongerCandles:
    """Folding of minute candles into candles of a longer interval.

    Parameters
    ----------
    bounds : Bounds
        Where those candles begin and end: at whole minutes.
    """

    def __init__(self, bounds: Bounds) -> None:
        self._bounds = bounds
        self._state = [0.0] * BAR_WORDS  # of the kernel's running bar
        self._start: int | None = None
        self._position = 0

    def push(self, minute: Candle) -> Iterator[Candle]:
        """Take a minute candle; yield the candles that it closes, at most two.

        The last minute of an interval closes it. If that minute had no trades, the first minute
        after it does.
        """
        start = self._bounds.start_of(minute.start)
        if self._start is not None and self._start != start:
            yield self._close(self._start)
        open_, high, low, close = minute.prices
        if self._start is None:
            self._start = start
            begin_bar(self._state, minute.start, MINUTE_NS, open_, high, low)
        add_bar(self._state, high, low, close, 0.0, close)
        self._position = minute.position
        if minute.start + MINUTE_NS >= self._bounds.end(start):
            yield self._close(start)

    def _close(self, start: int) -> Candle:
        self._start = None
        o, h, l, c = (self._state[word] for word in _PRICES)  # noqa: E741
        return Candle(start, self._position, (o, h, l, c))
