"""`HistoryRequest`: the history that is wanted, and its division into slices. Pure.

A slice is what one request to the service asks for and one file of the cache holds. Slices begin
and end at whole days, so that requests which overlap share them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

from tickfire.base.errors import UsageError
from tickfire.base.units import NS_PER_S

DAY_NS: Final = 86_400 * NS_PER_S
DEFAULT_SCHEMA: Final = "ohlcv-1m"
SCHEMAS: Final = (
    "ohlcv-1s", "ohlcv-1m", "ohlcv-1h", "ohlcv-1d", "trades", "tbbo", "mbp-1", "mbp-10", "mbo",
)  # fmt: skip
"""Schemas of which bars are made."""
MINUTE_NS: Final = 60 * NS_PER_S
_SLICE_DAYS: Final = {"ohlcv-1h": 30, "ohlcv-1d": 360}
_UNITS_S: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}


@dataclass(frozen=True, slots=True)
class HistoryRequest:
    """A request for history, or one slice of it.

    Attributes
    ----------
    dataset, schema : str
    symbols : tuple of str
    stype_in : str
        The symbology type of the symbols.
    start, end : int
        ns since the Unix epoch; the end is exclusive.
    """

    dataset: str
    schema: str
    symbols: tuple[str, ...]
    stype_in: str
    start: int
    end: int

    def slices(self) -> Iterator[HistoryRequest]:
        """Yield the slices, in order of time."""
        length = _SLICE_DAYS.get(self.schema, 1) * DAY_NS
        start = self.start
        while start < self.end:
            end = min(start - start % length + length, self.end)
            yield replace(self, start=start, end=end)
            start = end

    def __str__(self) -> str:
        """Return the request in words."""
        shown = ", ".join(self.symbols[:3]) + (", ..." if len(self.symbols) > 3 else "")
        return (
            f"{self.schema} of {shown} in {self.dataset}"
            f" from {time_text(self.start)} to {time_text(self.end)}"
        )


def time_text(ns: int) -> str:
    """Return a time as text in UTC, with the parts that are not 0.

    >>> time_text(1_704_067_200 * NS_PER_S), time_text(1_704_067_260 * NS_PER_S)
    ('2024-01-01', '2024-01-01T00:01Z')
    """
    moment = datetime.fromtimestamp(ns // NS_PER_S, UTC)
    if not ns % DAY_NS:
        return f"{moment:%Y-%m-%d}"
    return f"{moment:%Y-%m-%dT%H:%M}Z" if not ns % MINUTE_NS else f"{moment:%Y-%m-%dT%H:%M:%S}Z"


def duration_s(text: str) -> float:
    """Return a duration such as ``90``, ``15m`` or ``2d`` in seconds.

    >>> duration_s("90"), duration_s("15m"), duration_s("1.5d")
    (90.0, 900.0, 129600.0)

    Raises
    ------
    UsageError
        If the text is no duration.
    """
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([smhdw]?)", text.strip().lower())
    if found is None:
        raise UsageError(
            f"{text!r} is not a duration; write seconds, or a number with s, m, h, d or w, such"
            " as 2d."
        )
    return float(found[1]) * _UNITS_S[found[2] or "s"]


def moment(text: str, now: int) -> int:
    """Return a time given as a date, a date and time, or a duration before `now`, in ns.

    A time without a zone is in UTC.

    Raises
    ------
    UsageError
        If the text is none of these.
    """
    try:
        given = datetime.fromisoformat(text.strip())
    except ValueError:
        try:
            return now - int(duration_s(text) * NS_PER_S)
        except UsageError:
            raise UsageError(
                f"{text!r} is not a time; write 2024-07-01, 2024-07-01T13:30, or how long ago,"
                " such as 2d."
            ) from None
    if given.tzinfo is None:
        given = given.replace(tzinfo=UTC)
    since = given - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * NS_PER_S + since.microseconds * 1000
