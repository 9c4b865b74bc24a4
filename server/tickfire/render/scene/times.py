"""Times, in ms since the Unix epoch, as text in a time zone; ``client_js/src/format/time.ts``."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MONTHS: Final = (
    *("Jan", "Feb", "Mar", "Apr", "May", "Jun"),
    *("Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
)


def wall(time: int, zone: tzinfo) -> datetime:
    """Return the wall clock of a zone at a time."""
    return (_EPOCH + timedelta(milliseconds=time)).astimezone(zone)


def wall_ms(time: int, zone: tzinfo) -> int:
    """Return a time plus the zone's offset from UTC."""
    offset = wall(time, zone).utcoffset() or timedelta()
    return time + offset // timedelta(milliseconds=1)


def clock(time: int, zone: tzinfo) -> str:
    """Return "13:30:05"."""
    return f"{wall(time, zone):%H:%M:%S}"


def minute(time: int, zone: tzinfo) -> str:
    """Return "13:30"."""
    return f"{wall(time, zone):%H:%M}"


def day(time: int, zone: tzinfo) -> str:
    """Return "1 Jul"."""
    at = wall(time, zone)
    return f"{at.day} {_MONTHS[at.month - 1]}"


def month(time: int, zone: tzinfo) -> str:
    """Return "Jul" or, in January, the year."""
    at = wall(time, zone)
    return str(at.year) if at.month == 1 else _MONTHS[at.month - 1]


def year(time: int, zone: tzinfo) -> str:
    """Return "2024"."""
    return str(wall(time, zone).year)
