"""`Bounds`: where the bars of an interval begin and end. Pure.

Bars of up to an hour begin at multiples of their length since the Unix epoch. A day is the time
from the close of one session to the close of the next, so that each trade belongs to one day: what
is traded after a close belongs to the next trade date. The start of such a bar is a name rather
than its first instant: midnight UTC of the trade date, and of the Monday of the week.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from tickfire.base.calendar.hours import TradingHours
from tickfire.base.units import NS_PER_S

type Times = NDArray[np.int64]
"""int64[n], ns since the Unix epoch."""

DAY_S: Final = 86_400
WEEK_S: Final = 7 * DAY_S
DAY_NS: Final = DAY_S * NS_PER_S
WEEK_NS: Final = WEEK_S * NS_PER_S
_MONDAY_NS: Final = 4 * DAY_NS
"""The first Monday since the Unix epoch."""
_EPOCH_ORDINAL: Final = date(1970, 1, 1).toordinal()
_LAST_YEAR: Final = 2260
"""Years of which ns since the Unix epoch reach the next in 64 bits."""


class Bounds(Protocol):
    """The bounds of the bars of one interval; all times are ns since the Unix epoch."""

    def start_of(self, time: int) -> int:
        """Return the start of the bar that holds a time."""

    def starts_of(self, times: Times) -> Times:
        """Return the start of the bar that holds each time."""

    def begin(self, start: int) -> int:
        """Return the first instant of the first bar whose start is not before a time."""

    def end(self, start: int) -> int:
        """Return the instant after the bar of a start."""


class Even:
    """Bars of one length, counted from the Unix epoch."""

    def __init__(self, length: int) -> None:
        self._length = length

    def start_of(self, time: int) -> int:
        """Return the start of the bar that holds a time."""
        return time - time % self._length

    def starts_of(self, times: Times) -> Times:
        """Return the start of the bar that holds each time."""
        starts: Times = times - times % self._length
        return starts

    def begin(self, start: int) -> int:
        """Return the first instant of the first bar whose start is not before a time."""
        return -(-start // self._length) * self._length

    def end(self, start: int) -> int:
        """Return the instant after the bar of a start."""
        return start + self._length


class Days:
    """Bars of a trade date each."""

    def __init__(self, hours: TradingHours) -> None:
        self._hours = hours
        # The latest answer of `start_of`: trades of one day come one after another.
        self._from, self._to, self._start = 0, 0, 0

    def start_of(self, time: int) -> int:
        """Return the start of the bar that holds a time: midnight UTC of the trade date."""
        if not self._from <= time < self._to:
            closes, dates = self._table(time, time)
            at = int(np.searchsorted(closes, time, "right"))
            self._from, self._to = int(closes[at - 1]), int(closes[at])
            self._start = int(dates[at])
        return self._start

    def starts_of(self, times: Times) -> Times:
        """Return the start of the bar that holds each time."""
        if not len(times):
            return times
        closes, dates = self._table(int(times.min()), int(times.max()))
        starts: Times = dates[np.searchsorted(closes, times, "right")]
        return starts

    def begin(self, start: int) -> int:
        """Return the first instant of the first bar whose start is not before a time."""
        closes, dates = self._table(start, start)
        return int(closes[np.searchsorted(dates, start) - 1])

    def end(self, start: int) -> int:
        """Return the instant after the bar of a start: the close of its session."""
        closes, dates = self._table(start, start)
        return int(closes[np.searchsorted(dates, start, "right") - 1])

    def _table(self, first: int, last: int) -> tuple[Times, Times]:
        """Return the closes and the starts of the trade dates around a span of time."""
        years = range(_year_of(first) - 1, _year_of(last) + 2)
        parts = [_dates_of_year(self._hours, year) for year in years]
        return np.concatenate([one[0] for one in parts]), np.concatenate([one[1] for one in parts])


class Weeks:
    """Bars of the trade dates of a week each, from Monday on."""

    def __init__(self, hours: TradingHours) -> None:
        self._days = Days(hours)

    def start_of(self, time: int) -> int:
        """Return the start of the bar that holds a time: midnight UTC of a Monday."""
        return monday_of(self._days.start_of(time))

    def starts_of(self, times: Times) -> Times:
        """Return the start of the bar that holds each time."""
        return mondays_of(self._days.starts_of(times))

    def begin(self, start: int) -> int:
        """Return the first instant of the first bar whose start is not before a time."""
        return self._days.begin(week_after(start))

    def end(self, start: int) -> int:
        """Return the instant after the bar of a start: the close of its last session."""
        return self._days.end(start + WEEK_NS - DAY_NS)


def monday_of(day: int) -> int:
    """Return the Monday of the week of a day; both are midnight UTC."""
    return day - (day - _MONDAY_NS) % WEEK_NS


def week_after(time: int) -> int:
    """Return the first start of a week that is not before a time."""
    return monday_of(time + WEEK_NS - 1)


def mondays_of(days: Times) -> Times:
    """Return the Monday of the week of each day."""
    mondays: Times = days - (days - _MONDAY_NS) % WEEK_NS
    return mondays


@lru_cache
def bounds_of(interval_s: int, hours: TradingHours) -> Bounds:
    """Return the bounds of the bars of an interval, given by its usual length in seconds."""
    if interval_s == DAY_S:
        return Days(hours)
    if interval_s == WEEK_S:
        return Weeks(hours)
    return Even(interval_s * NS_PER_S)


def _year_of(time: int) -> int:
    return min(datetime.fromtimestamp(time // NS_PER_S, UTC).year, _LAST_YEAR)


@lru_cache(1_024)
def _dates_of_year(hours: TradingHours, year: int) -> tuple[Times, Times]:
    """Return the close and the start of each trade date of a year."""
    first, end = date(year, 1, 1).toordinal(), date(year + 1, 1, 1).toordinal()
    days = [day for day in map(date.fromordinal, range(first, end)) if hours.is_trade_date(day)]
    starts = [(day.toordinal() - _EPOCH_ORDINAL) * DAY_NS for day in days]
    return np.array([hours.closing(day) for day in days], np.int64), np.array(starts, np.int64)
