"""Swing points: the highs and lows at which a series turns, found as bars close. Pure.

A high is a swing once the price has fallen from it by `REVERSAL` mean true ranges (as they were at
the high), a low once the price has risen from it by as much; highs and lows alternate. The mean
true range is exponentially weighted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

REVERSAL: Final = 3.0
RANGE_MEMORY: Final = 14.0
"""Number of bars that the true range is averaged over, and that precede the first swing."""


class Swing(NamedTuple):
    """A turning point.

    Attributes
    ----------
    bar : int
        Index of its bar.
    price : float
        Its high or low.
    is_high : bool
    """

    bar: int
    price: float
    is_high: bool


@dataclass(slots=True)
class SwingFinder:
    """Finder of the swings of one series.

    Attributes
    ----------
    bars : int
        Number of bars taken.
    mean_range : float
        Mean true range of the bars so far.
    """

    bars: int = 0
    mean_range: float = 0.0
    _rising: int = 0  # 1 after a low, -1 after a high, 0 before the first swing
    _close: float = 0.0
    _high: float = 0.0
    _high_bar: int = 0
    _high_reach: float = 0.0
    _low: float = 0.0
    _low_bar: int = 0
    _low_reach: float = 0.0

    def push(self, high: float, low: float, close: float) -> Swing | None:
        """Take a closed bar; return the swing that it confirms, if any."""
        bar = self.bars
        self.bars += 1
        self._measure(bar, high, low, close)
        if bar < RANGE_MEMORY:
            return None
        if bar == RANGE_MEMORY:
            self._begin_high(bar, high)
            self._begin_low(bar, low)
            return None
        fell, rose = self._turns(bar, high, low)
        if (
            fell and rose
        ):  # the bar spans both; only the first swing can be in doubt, its close decides
            middle = 0.5 * (high + low)
            fell, rose = close < middle, close > middle
        if self.mean_range <= 0.0:
            return None
        if fell:
            self._rising = -1
            self._begin_low(bar, low)
            return Swing(self._high_bar, self._high, True)
        if rose:
            self._rising = 1
            self._begin_high(bar, high)
            return Swing(self._low_bar, self._low, False)
        return None

    def _turns(self, bar: int, high: float, low: float) -> tuple[bool, bool]:
        """Move the latest extremes; return whether the price has turned down, and up, from them."""
        new_high = self._rising >= 0 and high > self._high
        new_low = self._rising <= 0 and low < self._low
        if new_high:
            self._begin_high(bar, high)
        if new_low:
            self._begin_low(bar, low)
        fell = self._rising >= 0 and not new_high and self._high - low >= self._high_reach
        rose = self._rising <= 0 and not new_low and high - self._low >= self._low_reach
        return fell, rose

    def _begin_high(self, bar: int, price: float) -> None:
        # Keep the reach of its bar: if it could shrink, lows in between might be overlooked.
        self._high, self._high_bar = price, bar
        self._high_reach = REVERSAL * self.mean_range

    def _begin_low(self, bar: int, price: float) -> None:
        self._low, self._low_bar = price, bar
        self._low_reach = REVERSAL * self.mean_range

    def _measure(self, bar: int, high: float, low: float, close: float) -> None:
        span = high - low
        if bar:
            span = max(high, self._close) - min(low, self._close)
        self.mean_range += (span - self.mean_range) / min(bar + 1.0, RANGE_MEMORY)
        self._close = close
