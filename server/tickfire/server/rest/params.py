"""Query parameters of the REST API, validated. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from tickfire.base.units import NS_PER_MS, NS_PER_S
from tickfire.server.content_coding import weights_of
from tickfire.store.schema import INTERVALS_S

DEFAULT_LIMIT: Final = 500
MAX_LIMIT: Final = 5_000
MEDIA_TYPES: Final[Mapping[str, str]] = {
    "json": "application/json",
    "csv": "text/csv",
    "arrow": "application/vnd.apache.arrow.stream",
}
"""The formats, with their media types."""
DEFAULT_FORMAT: Final = "json"
LATEST_NS: Final = 2**62
KNOWN: Final = frozenset({"symbol", "start", "end", "limit", "cursor", "format", "token"})
"""The parameters of every path."""
BAD_CURSOR: Final = "cursor is not one that a page of this query has given."
MAX_SHOWN: Final = 80
"""Characters of a text of the client that a reason shows."""
NS_DIGITS: Final = 9
MICROSECOND_DIGITS: Final = 6
"""Digits of a fraction of a second."""
MAX_NUMBER: Final = 2**64 - 1
"""The largest number in a cursor: epochs, positions and ids of entries have 64 bits."""


class BadQuery(ValueError):
    """Raised for a query that is not valid; the message is a sentence."""


@dataclass(frozen=True, slots=True)
class Query:
    """A request for rows.

    Attributes
    ----------
    symbol : str or None
    interval : str
        Of candles.
    kind : str or None
        Of ticks: ``trade``, ``bid`` or ``ask``; None for all.
    start, end : int
        In ns since the Unix epoch; `end` is exclusive.
    limit : int
    cursor : str
        Empty for the first page.
    form : str
        A key of `MEDIA_TYPES`.
    """

    symbol: str | None
    interval: str
    kind: str | None
    start: int
    end: int
    limit: int
    cursor: str
    form: str


def parse_query(
    pairs: Sequence[tuple[str, str]],
    *,
    needs_symbol: bool,
    accept: str = "",
    own: str | None = None,
) -> Query:
    """Return the query in the parameters of a request.

    Parameters
    ----------
    pairs : sequence of pairs of str
        Names and values.
    needs_symbol : bool
    accept : str
        The header of that name, which decides without ``format``.
    own : str, optional
        The parameter that this path alone has: ``interval`` or ``kind``.

    Raises
    ------
    BadQuery
        A parameter is missing, unknown, given twice or not valid.
    """
    given = dict(pairs)
    for name in given:
        if name not in KNOWN and name != own:
            known = ", ".join(sorted({*KNOWN, *([own] if own else [])}))
            raise BadQuery(f"there is no parameter {name[:MAX_SHOWN]} here; there are {known}.")
    if len(given) < len(pairs):
        repeated, _ = Counter(name for name, _ in pairs).most_common(1)[0]
        raise BadQuery(f"{repeated} is given more than once.")
    symbol = given.get("symbol") or None
    if needs_symbol and symbol is None:
        raise BadQuery("symbol is missing.")
    name = given.get("interval", "1m")
    if name not in INTERVALS_S:
        raise BadQuery(f"interval must be one of {', '.join(INTERVALS_S)}.")
    kind = given.get("kind")
    if kind not in (None, "trade", "bid", "ask"):
        raise BadQuery("kind must be trade, bid or ask.")
    start, end = _time(given, "start", 0), _time(given, "end", LATEST_NS)
    if start >= end:
        raise BadQuery("start must be before end.")
    return Query(
        symbol, name, kind, start, end, _limit(given), given.get("cursor", ""), _form(given, accept)
    )


def _limit(given: Mapping[str, str]) -> int:
    text = given.get("limit", str(DEFAULT_LIMIT))
    if not re.fullmatch(r"[0-9]{1,6}", text) or not 0 < int(text) <= MAX_LIMIT:
        raise BadQuery(f"limit must be a number from 1 to {MAX_LIMIT}.")
    return int(text)


def _form(given: Mapping[str, str], accept: str) -> str:
    form = given.get("format")
    if form is None:
        return _accepted(accept)
    if form not in MEDIA_TYPES:
        raise BadQuery(f"format must be one of {', '.join(MEDIA_TYPES)}.")
    return form


def _accepted(header: str) -> str:
    """Return the format that a header ``Accept`` likes best; of several, the first."""
    weights = weights_of(header)
    places = {name: place for place, name in enumerate(weights)}

    def rank(form: str) -> tuple[float, int]:
        kind = MEDIA_TYPES[form]
        ranges = (kind, f"{kind.partition('/')[0]}/*", "*/*")  # the most specific one counts
        name = next((each for each in ranges if each in weights), None)
        return (0.0, 0) if name is None else (weights[name], -places[name])

    best = max(MEDIA_TYPES, key=rank)
    return best if rank(best)[0] > 0 else DEFAULT_FORMAT


def _time(given: Mapping[str, str], name: str, absent: int) -> int:
    """Return a time given in ms since the Unix epoch, or as ISO 8601, in ns."""
    text = given.get(name)
    if text is None:
        return absent
    ns = int(text) * NS_PER_MS if re.fullmatch(r"[0-9]{1,13}", text) else _iso_ns(text)
    if ns is None:
        hint = "; write + as %2B in an address" if " " in text else ""
        raise BadQuery(
            f"{name} must be a time in milliseconds since 1970, or as 2024-07-01T13:30:00Z{hint}."
        )
    if not 0 <= ns <= LATEST_NS:
        raise BadQuery(f"{name} is out of range.")
    return ns


def _iso_ns(text: str) -> int | None:
    """Return a time as ISO 8601 in ns since the Unix epoch, None if it is none."""
    fraction = re.match(r"[^.,]+[.,]([0-9]+)", text)
    digits = fraction[1] if fraction else ""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
    offset = moment.utcoffset()
    if len(digits) > NS_DIGITS or (offset is not None and offset.microseconds):
        return None
    since = moment - datetime(1970, 1, 1, tzinfo=UTC)
    within_us = int(digits[MICROSECOND_DIGITS:].ljust(3, "0"))  # which datetime has cut off
    seconds = since.days * 86_400 + since.seconds
    return seconds * NS_PER_S + since.microseconds * 1000 + within_us


def cursor_numbers(text: str, count: int) -> tuple[int, ...]:
    """Return the numbers in a cursor.

    Raises
    ------
    BadQuery
        It is not one of `count` numbers of 64 bits.
    """
    parts = text.split("-")
    if len(parts) == count and all(re.fullmatch(r"[0-9]{1,20}", part) for part in parts):
        numbers = tuple(int(part) for part in parts)
        if max(numbers) <= MAX_NUMBER:
            return numbers
    raise BadQuery(BAD_CURSOR)
