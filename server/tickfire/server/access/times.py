"""Times on the command line: when a key expires, and how times are printed."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime
from typing import Any, Final

import click

_UNITS_S: Final = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 7 * 86_400}
_DURATION: Final = re.compile(r"(\d{1,9})([smhdw])")


class Expiry(click.ParamType[float]):
    """A time to come, in seconds since the Unix epoch."""

    name = "time"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Return the time that a duration or a date stands for."""
        if isinstance(value, float):
            return value
        now = time.time()
        at = _at(str(value), now)
        if at is None:
            self.fail(f"{value} is neither a duration such as 12h or 30d nor a date.", param, ctx)
        if at <= now:
            self.fail(f"{value} is not in the future.", param, ctx)
        return at


def _at(text: str, now: float) -> float | None:
    found = _DURATION.fullmatch(text)
    if found is not None:
        return now + int(found[1]) * _UNITS_S[found[2]]
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()


def as_text(at: float | None) -> str | None:
    """Return a time as ISO 8601 in UTC, to the second."""
    if at is None:
        return None
    try:
        return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (OverflowError, ValueError, OSError):
        return "never"
