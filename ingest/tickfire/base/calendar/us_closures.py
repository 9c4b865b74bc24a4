"""Days on which US stock exchanges stay closed or close early, by their rules. Pure.

The rules are those of the New York Stock Exchange, which the other US stock and options exchanges
follow. Closures that no rule foretells, such as days of mourning, are not among them.
"""

from __future__ import annotations

from calendar import MONDAY, SATURDAY, SUNDAY, THURSDAY, Day
from datetime import date, timedelta
from functools import lru_cache

from tickfire.base.calendar.weekdays import nth_weekday


@lru_cache
def holidays(year: int) -> frozenset[date]:
    """Return the days of a year on which the exchanges are closed, weekends left out."""
    found = {
        nth_weekday(year, 1, MONDAY, 3),  # Martin Luther King
        nth_weekday(year, 2, MONDAY, 3),  # Washington
        _easter(year) - timedelta(2),  # Good Friday
        nth_weekday(year, 6, MONDAY, 0),  # Memorial Day, the last Monday of May
        _observed(date(year, 7, 4)),
        nth_weekday(year, 9, MONDAY, 1),  # Labor Day
        nth_weekday(year, 11, THURSDAY, 4),  # Thanksgiving
        _observed(date(year, 12, 25)),
    }
    if date(year, 1, 1).weekday() != SATURDAY:  # no year's last day is given up for the next
        found.add(_observed(date(year, 1, 1)))
    if year >= 2022:
        found.add(_observed(date(year, 6, 19)))
    return frozenset(found)


@lru_cache
def half_days(year: int) -> frozenset[date]:
    """Return the days of a year on which the exchanges close at 13:00."""
    before = (date(year, 7, 3), date(year, 12, 24))
    after = nth_weekday(year, 11, THURSDAY, 4) + timedelta(1)
    days = {day for day in before if day.weekday() <= THURSDAY}
    return frozenset({*days, after}) - holidays(year)


def is_holiday(day: date) -> bool:
    """Return whether the exchanges are closed on a day that is not of a weekend."""
    return day in holidays(day.year)


def is_half_day(day: date) -> bool:
    """Return whether the exchanges close early on a day."""
    return day in half_days(day.year)


def _observed(day: date) -> date:
    """Return the Friday before a holiday on a Saturday, the Monday after one on a Sunday."""
    return day + timedelta({SATURDAY: -1, SUNDAY: 1}.get(Day(day.weekday()), 0))


def _easter(year: int) -> date:
    """Return Easter Sunday, by the algorithm of Meeus, Jones and Butcher."""
    a, (b, c) = year % 19, divmod(year, 100)
    g = (8 * b + 13) // 25
    h = (19 * a + b - b // 4 - g + 15) % 30
    m = (a + 11 * h) // 319
    r = (2 * (b % 4) + 2 * (c // 4) - c % 4 - h + m + 32) % 7
    month = (h - m + r + 90) // 25
    return date(year, month, (h - m + r + month + 19) % 32)
