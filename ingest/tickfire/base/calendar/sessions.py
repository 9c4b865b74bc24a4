"""`Sessions`: the trading hours of instruments, by dataset and symbol.

They are those of a file, or else the usual ones of the dataset's venue. The file is TOML::

    holidays = [2024-12-25, 2025-01-01]      # of all that follow

    [sessions]
    "XNAS.ITCH" = "us-equities"              # the regular session alone
    "GLBX.MDP3/ZC*" = "America/Chicago 19:00-13:20 Mon-Fri"
    "*" = "24/7"                             # everything else

A key is a dataset, or a dataset and a symbol with ``/`` between; ``*`` and ``?`` are wildcards. The
first key that fits decides.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import date, datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Final

from tickfire.base.calendar.hours import ALWAYS, HoursError, TradingHours
from tickfire.base.calendar.venues import VENUES
from tickfire.base.errors import UsageError

_KEYS: Final = ("holidays", "sessions")


class Sessions:
    """The trading hours of instruments.

    Parameters
    ----------
    chosen : mapping of str to TradingHours
        Hours by pattern, which precede the usual ones.
    """

    def __init__(self, chosen: Mapping[str, TradingHours] | None = None) -> None:
        self._chosen = dict(chosen or {})

    def of(self, dataset: str, symbol: str) -> TradingHours:
        """Return the trading hours of an instrument; days are those of UTC if nothing is known."""
        for pattern, hours in self._chosen.items():
            name = f"{dataset}/{symbol}" if "/" in pattern else dataset
            if fnmatchcase(name, pattern):
                return hours
        venue = VENUES.get(dataset)
        return ALWAYS if venue is None else venue.hours


def read_sessions(path: Path) -> Sessions:
    """Read a file of trading hours.

    Raises
    ------
    UsageError
        It cannot be read, or states no valid hours; the message names the key.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}.") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"{path} is not TOML: {error}.") from error
    unknown = sorted(set(content) - set(_KEYS))
    if unknown:
        raise UsageError(f'{path}: "{unknown[0]}" is not known; there are {" and ".join(_KEYS)}.')
    table = content.get("sessions", {})
    if not isinstance(table, dict):
        raise UsageError(f'{path}: "sessions" must be a table of trading hours.')
    holidays = _holidays(path, content.get("holidays", []))
    return Sessions({name: _hours(path, name, text, holidays) for name, text in table.items()})


def _holidays(path: Path, given: Any) -> frozenset[date]:
    days = given if isinstance(given, list) else [given]
    for day in days:
        if not isinstance(day, date) or isinstance(day, datetime):
            raise UsageError(f'{path}: "holidays" must be dates such as 2024-12-25, not {day!r}.')
    return frozenset(days)


def _hours(path: Path, name: str, text: Any, holidays: frozenset[date]) -> TradingHours:
    if not isinstance(text, str):
        raise UsageError(f'{path}: the trading hours of "{name}" must be text, not {text!r}.')
    try:
        return TradingHours.parse(text, holidays)
    except HoursError as error:
        raise UsageError(f'{path}: "{name}": {error}.') from error
