"""Days named by their weekday, such as the third Friday of a month. Pure."""

from __future__ import annotations

from datetime import date, timedelta


def nth_weekday(year: int, month: int, weekday: int, count: int) -> date:
    """Return a weekday of a month by its number; 0 is the last one of the month before.

    Parameters
    ----------
    year, month : int
    weekday : int
        0 is Monday, as in the module ``calendar``.
    count : int

    >>> nth_weekday(2026, 11, 3, 4)
    datetime.date(2026, 11, 26)
    """
    first = date(year, month, 1)
    return first + timedelta((weekday - first.weekday()) % 7 + 7 * (count - 1))
