"""Candles of longer intervals out of those of a minute, closed as early as it is certain. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from tickfire.base.units import PRICE_SCALE
from tickfire.kernels.bars import MINUTE_NS, SECOND_NS


class Candle(NamedTuple):
    """A closed candle.

    Attributes
    ----------
    start : int
        ns since the Unix epoch.
    n : int
        Position of its last tick.
    prices : tuple of 4 floats
        Open, high, low and close, in units of the instrument.
    """

    start: int
    n: int
    prices: tuple[float, float, float, float]

    @classmethod
    def of(cls, bar: Any) -> Candle:
        """Return the candle of a BAR."""
        o, h, l, c = (int(bar[k]) / PRICE_SCALE for k in ("open", "high", "low", "close"))  # noqa: E741
        return cls(int(bar["start"]), int(bar["n"]), (o, h, l, c))


class LongerCandles:
    """Folds candles of a minute into those of an interval.

    Parameters
    ----------
    seconds : int
        A multiple of 60.
    """

    def __init__(self, seconds: int) -> None:
        self._span = seconds * SECOND_NS
        self._running: Candle | None = None

    def push(self, minute: Candle) -> Iterator[Candle]:
        """Take a candle of a minute; yield what it closes, at most two.

        The last minute of an interval closes it; where that minute had no trades, the first one
        after it does.
        """
        start = minute.start - minute.start % self._span
        if self._running is not None and self._running.start != start:
            yield self._running
            self._running = None
        running = self._running
        if running is None:
            running = minute._replace(start=start)
        else:
            o, high, low, _ = running.prices
            _, h, l, c = minute.prices  # noqa: E741
            running = Candle(start, minute.n, (o, max(high, h), min(low, l), c))
        if minute.start + MINUTE_NS >= start + self._span:
            self._running = None
            yield running
        else:
            self._running = running
