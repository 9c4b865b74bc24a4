"""`TradingHours`: the sessions of a market, by the clock of its time zone. Pure.

A session belongs to a *trade date*, the day on which it closes. One that opens in the evening, such
as that of CME Globex, opens on the day before.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from tickfire.base.calendar import us_closures
from tickfire.base.units import NS_PER_S

DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MINUTES_PER_DAY: Final = 1_440
_TEXT: Final = re.compile(r"(\S+)\s+(\d\d:\d\d)-(\d\d:\d\d)(?:\s+(\S+))?")


class HoursError(ValueError):
    """A text that does not state trading hours."""


@dataclass(frozen=True, slots=True)
class TradingHours:
    """The sessions of a market.

    Attributes
    ----------
    time_zone : str
        A name of the IANA database.
    opens, closes : int
        Minutes after midnight, by the clock of the zone. If a session does not open before it
        closes, it opens on the day before its trade date.
    days : tuple of int
        The days of the week that are trade dates, 0 is Monday.
    holidays : frozenset of date
        Days without a session, which are no trade dates.
    half_day : int or None
        Minutes after midnight at which sessions close on the half days of US exchanges, of whose
        holidays there are no sessions either; None if the market has hours of its own on them. It
        tells whether the market is open, and no more: without trades there is no bar to bound.
    """

    time_zone: str
    opens: int = 0
    closes: int = MINUTES_PER_DAY
    days: tuple[int, ...] = tuple(range(7))
    holidays: frozenset[date] = frozenset()
    half_day: int | None = None

    @classmethod
    def parse(cls, text: str, holidays: frozenset[date] = frozenset()) -> TradingHours:
        """Return the hours that a text states, or that it names.

        >>> TradingHours.parse("America/Chicago 17:00-16:00 Mon-Fri").days
        (0, 1, 2, 3, 4)
        >>> str(TradingHours.parse("24/7"))
        'UTC 00:00-24:00 Mon-Sun'

        Raises
        ------
        HoursError
            The text is neither; the message says what is wrong.
        """
        found = _TEXT.fullmatch(NAMED.get(text, text).strip())
        if found is None:
            raise HoursError(
                f'"{text}" does not state trading hours; write a time zone, hours and trade dates,'
                f' such as "America/Chicago 17:00-16:00 Mon-Fri", or one of {", ".join(NAMED)}'
            )
        zone, opens, closes, days = found.groups()
        _check_zone(zone)
        hours = _minutes(opens), _minutes(closes), _days(days or "Mon-Sun")
        return cls(zone, *hours, holidays, HALF_DAYS.get(text))

    def __str__(self) -> str:
        hours = f"{_clock(self.opens)}-{_clock(self.closes)}"
        return f"{self.time_zone} {hours} {_day_names(self.days)}"

    def as_json(self) -> dict[str, Any]:
        """Return the hours for a client."""
        return {
            "time_zone": self.time_zone,
            "opens": self.opens,
            "closes": self.closes,
            "days": self.days,
            "holidays": sorted(day.isoformat() for day in self.holidays),
        }

    @property
    def opens_before_date(self) -> bool:
        """True if a session opens on the day before its trade date."""
        return self.opens >= self.closes

    def is_trade_date(self, day: date) -> bool:
        """Return whether a day has a session of its own."""
        return day.weekday() in self.days and day not in self.holidays

    def opening(self, trade_date: date) -> int:
        """Return the time at which the session of a trade date opens, ns since the Unix epoch."""
        day = trade_date - timedelta(self.opens_before_date)
        return _instant(day, self.opens, self.time_zone)

    def closing(self, trade_date: date) -> int:
        """Return the time at which the session of a trade date closes, ns since the Unix epoch."""
        return _instant(trade_date, self.closes, self.time_zone)

    def is_open(self, time: int) -> bool:
        """Return whether a time, in ns since the Unix epoch, is within a session."""
        return self.opened(time) is not None

    def opened(self, time: int) -> int | None:
        """Return when the session that a time is within opened, None if the market is closed.

        Times are in ns since the Unix epoch.
        """
        today = datetime.fromtimestamp(time // NS_PER_S, UTC).date()
        days = (today + timedelta(shift) for shift in (-1, 0, 1))
        sessions = (
            (self.opening(day), self._last_instant(day)) for day in days if self.is_trade_date(day)
        )
        return next((opens for opens, closes in sessions if opens <= time < closes), None)

    def _last_instant(self, trade_date: date) -> int:
        """Return when the session of a trade date closes, on half days and holidays too."""
        if self.half_day is None:
            return self.closing(trade_date)
        if us_closures.is_holiday(trade_date):
            return 0
        closes = self.half_day if us_closures.is_half_day(trade_date) else self.closes
        return _instant(trade_date, closes, self.time_zone)


NAMED: Final[Mapping[str, str]] = {
    "24/7": "UTC 00:00-24:00 Mon-Sun",
    "cme": "America/Chicago 17:00-16:00 Mon-Fri",
    "us-equities": "America/New_York 09:30-16:00 Mon-Fri",
    "us-equities-extended": "America/New_York 04:00-20:00 Mon-Fri",
}
"""Trading hours that have a name of their own."""
HALF_DAYS: Final[Mapping[str, int]] = {"us-equities": 13 * 60, "us-equities-extended": 17 * 60}
"""Closing times of half days at the US stock exchanges, in minutes after midnight."""
ALWAYS: Final = TradingHours("UTC")
"""A market that never closes; its days are those of UTC."""


def _instant(day: date, minutes: int, time_zone: str) -> int:
    days, minutes = divmod(minutes, MINUTES_PER_DAY)
    day += timedelta(days)
    zone = ZoneInfo(time_zone)
    local = datetime(day.year, day.month, day.day, minutes // 60, minutes % 60, tzinfo=zone)
    return int(local.astimezone(UTC).timestamp()) * NS_PER_S


def _check_zone(name: str) -> None:
    try:
        ZoneInfo(name)
    except (ValueError, OSError, LookupError):
        raise HoursError(
            f'"{name}" is no time zone; write a name of the IANA database, such as America/New_York'
        ) from None


def _minutes(text: str) -> int:
    hours, minutes = map(int, text.split(":"))
    if minutes > 59 or hours * 60 + minutes > MINUTES_PER_DAY:
        raise HoursError(f'"{text}" is no time of day; write 00:00 to 24:00')
    return hours * 60 + minutes


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def _days(text: str) -> tuple[int, ...]:
    """Return the days that a text such as ``Mon-Thu,Sat`` names; a range may pass the weekend."""
    days: set[int] = set()
    for part in text.split(","):
        first, _, last = part.partition("-")
        begin, end = _day(first), _day(last or first)
        days.update((begin + k) % 7 for k in range((end - begin) % 7 + 1))
    return tuple(sorted(days))


def _day(name: str) -> int:
    if name not in DAYS:
        raise HoursError(f'"{name}" is no day of the week; write {", ".join(DAYS)}')
    return DAYS.index(name)


def _day_names(days: tuple[int, ...]) -> str:
    if len(days) > 2 and days[-1] - days[0] == len(days) - 1:
        return f"{DAYS[days[0]]}-{DAYS[days[-1]]}"
    return ",".join(DAYS[day] for day in days)
