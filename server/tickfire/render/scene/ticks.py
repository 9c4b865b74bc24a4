"""Choice of axis labels, as in ``client_js/src/chart/ticks.ts``.

Round prices, and candles at which a period begins.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import tzinfo
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tickfire.render.scene.snap import to_fixed
from tickfire.render.scene.times import clock, day, minute, month, wall, wall_ms, year

MAX_DECIMALS: Final = 12
_MANTISSAS: Final = (1, 2, 2.5, 5)
_MAX_SAFE: Final = 2**53 - 1
"""The largest integer up to which a double holds all."""

_SECOND: Final = 1_000
_MINUTE: Final = 60 * _SECOND
_HOUR: Final = 60 * _MINUTE
_DAY: Final = 24 * _HOUR
_STEPS: Final = (
    *(n * _SECOND for n in (1, 2, 5, 10, 15, 30)),
    *(n * _MINUTE for n in (1, 2, 5, 10, 15, 30)),
    *(n * _HOUR for n in (1, 2, 3, 6, 12)),
    *(n * _DAY for n in (1, 2, 7, 14)),
    *(n * _DAY for n in (30, 91, 182, 365, 730, 1826)),
)
"""Spans between time labels."""
_MONTHLY: Final = 30 * _DAY
"""From this step on, labels mark the first candle of a calendar month."""
_DAYS_OF_MONTH: Final = 32


def power_of_ten(exponent: int) -> float:
    """Return the double nearest to a power of ten, which ``10.0**exponent`` may miss."""
    return float(f"1e{exponent}")


def price_step(least: float, tick: float) -> float:
    """Return the step between price labels.

    It is 1, 2, 2.5 or 5 times a power of ten, a whole number of price steps (`tick`, in units), and
    at least `least` units so that labels do not touch.
    """
    start = max(math.floor(math.log10(max(least, 1))), 0)
    power = 10**start
    while power < _MAX_SAFE:
        for mantissa in _MANTISSAS:
            step = float(mantissa * power)
            if step >= least and step.is_integer() and step % tick == 0:
                return step
        power *= 10
    # No round number is a multiple of the price step (such as 1/32): use multiples of the step.
    return math.ceil(least / tick) * tick


def price_ticks(bottom: float, top: float, step: float) -> list[float]:
    """Return the prices, in units, to label between two others."""
    ticks = []
    price = math.ceil(bottom / step) * step
    while price <= top:
        ticks.append(price)
        price += step
    return ticks


def nice_step(least: float) -> float:
    """Return a step of 1, 2, 2.5 or 5 times a power of ten, at least `least`."""
    power = power_of_ten(math.floor(math.log10(least)))
    return power * next((each for each in _MANTISSAS if each * power >= least), 10)


def decimals_for(step: float) -> int:
    """Return the digits after the point that tell values of this step, or span, apart."""
    digits = min(max(-math.floor(math.log10(step)), 0), MAX_DECIMALS)
    rounded = float(to_fixed(step, digits))
    return min(digits + 1 if abs(rounded - step) > step / 100 else digits, MAX_DECIMALS)


@dataclass(frozen=True, slots=True)
class TimeTick:
    """A label of the time axis.

    Attributes
    ----------
    index : int
        The candle that it marks.
    label : str
    strong : bool
        True where a larger unit begins: a day among hours, a year among months.
    """

    index: int
    label: str
    strong: bool


@dataclass(frozen=True, slots=True)
class TimeTicks:
    """The candles among which to choose, and how.

    Attributes
    ----------
    times : int64[n]
        Times of all candles, ascending, in ms since the Unix epoch.
    first, last : int
        The visible ones, last exclusive.
    interval_ms : int
    spacing, least_px : float
        Pixels from candle to candle, and least pixels between labels.
    zone : tzinfo
    """

    times: NDArray[np.int64]
    first: int
    last: int
    interval_ms: int
    spacing: float
    least_px: float
    zone: tzinfo

    def choose(self) -> list[TimeTick]:
        """Choose the first candle of each period, for the shortest period whose labels fit.

        Times without trades have no candles, so two periods may begin close together; then the
        label of the larger unit is kept.
        """
        wanted = self.least_px / self.spacing * self.interval_ms
        step = next((each for each in _STEPS if each >= wanted), _STEPS[-1])
        marks = self._boundaries(step)
        least_gap = self.least_px / self.spacing
        kept: list[TimeTick] = []
        for strong in (True, False):
            for mark in marks:
                if mark.strong != strong:
                    continue
                if all(abs(each.index - mark.index) >= least_gap for each in kept):
                    kept.append(mark)
        if not kept and self.last > self.first:
            kept.append(self._latest())
        return sorted(kept, key=lambda tick: tick.index)

    def _time(self, index: int) -> int:
        return int(self.times[index])

    def _latest(self) -> TimeTick:
        """Return a label for the latest candle, so that the axis is never bare."""
        at = self.last - 1
        return TimeTick(at, _label(self._time(at), self.interval_ms, False, self.zone), False)

    def _boundaries(self, step: int) -> list[TimeTick]:
        marks = []
        index = self.first
        while index < self.last:
            time = self._time(index)
            # The first candle begins a period only if its own time does.
            before = self._time(index - 1) if index > 0 else time - self.interval_ms
            if _period(time, step, self.zone) != _period(before, step, self.zone):
                strong = _is_strong(before, time, step, self.zone)
                marks.append(TimeTick(index, _label(time, step, strong, self.zone), strong))
            index = self._next_period(index, step)
        return marks

    def _next_period(self, index: int, step: int) -> int:
        """Return the first candle after `index` in another period, by galloping and bisection."""
        present = _period(self._time(index), step, self.zone)

        def is_present(at: int) -> bool:
            return _period(self._time(at), step, self.zone) == present

        low, stride = index, 1
        while low + stride < self.last and is_present(low + stride):
            low += stride
            stride *= 2
        high = min(low + stride, self.last)
        while high - low > 1:
            middle = (low + high) >> 1
            if is_present(middle):
                low = middle
            else:
                high = middle
        return high


def _period(time: int, step: int, zone: tzinfo) -> int:
    """Return a number that is the same for all times within one period."""
    local = wall_ms(time, zone)
    if step <= _HOUR:
        # Hours by their beginning in UTC: at the end of summer time the clock shows one twice.
        return local // step * step - (local - time)
    if step < _DAY:
        return local // step
    at = wall(time, zone)
    months = at.year * 12 + at.month - 1
    if step >= _MONTHLY:
        return months // math.floor(step / _MONTHLY + 0.5)
    # Weeks count from the first of each month, and the days after the fourth belong to it.
    days = step // _DAY
    most = 28 // days - 1 if days >= 7 else _DAYS_OF_MONTH
    return months * _DAYS_OF_MONTH + min((at.day - 1) // days, most)


def _is_strong(before: int, time: int, step: int, zone: tzinfo) -> bool:
    if step >= _MONTHLY:
        return year(before, zone) != year(time, zone)
    unit = _MONTHLY if step >= _DAY else _DAY
    return _period(before, unit, zone) != _period(time, unit, zone)


def _label(time: int, step: int, strong: bool, zone: tzinfo) -> str:
    if step >= _MONTHLY:
        return month(time, zone)
    if step >= _DAY:
        return month(time, zone) if strong else day(time, zone)
    if strong:
        return day(time, zone)
    return clock(time, zone) if step < _MINUTE else minute(time, zone)
