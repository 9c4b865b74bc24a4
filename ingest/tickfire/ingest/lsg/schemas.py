"""The schemas to ask a live gateway for."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Final, NamedTuple

from tickfire.ingest.dbn.enums import SCHEMAS

DEFAULT_SCHEMAS: Final = ("mbp-1", "definition", "status", "statistics")
"""Schemas of all that the page shows: trades, quotes, instruments, halts, session statistics."""

_SAME_TRADES: Final[Mapping[str, Collection[str]]] = {
    "trades": ("mbo", "mbp-10", "mbp-1", "tbbo", "cmbp-1", "tcbbo"),
    "tbbo": ("mbo", "mbp-10", "mbp-1"),
    "tcbbo": ("cmbp-1",),
}
"""Schemas of trades alone, and those that have the same trades and more."""
_WITH_TRADES: Final = ("mbo", "mbp-10", "mbp-1", "cmbp-1")


class Repeat(NamedTuple):
    """A schema that has the trades of another.

    Attributes
    ----------
    schema, other : str
    is_whole : bool
        True if the schema has nothing that the other lacks.
    """

    schema: str
    other: str
    is_whole: bool


def repeats(asked: Sequence[str]) -> list[Repeat]:
    """Return the schemas that would bring trades a second time.

    >>> repeats(["definition", "trades", "mbp-1"])
    [Repeat(schema='trades', other='mbp-1', is_whole=True)]
    """
    found = []
    for schema in dict.fromkeys(asked):
        other = next((each for each in _SAME_TRADES.get(schema, ()) if each in asked), None)
        if other is not None:
            found.append(Repeat(schema, other, is_whole=True))
    wider = [schema for schema in _WITH_TRADES if schema in asked]
    return [*found, *(Repeat(schema, wider[0], is_whole=False) for schema in wider[1:])]


def schema_in(text: str) -> str | None:
    """Return the schema that a message of a gateway names, None if it names none or several.

    >>> schema_in("Schema 'ohlcv-1d' is not available for GLBX.MDP3")
    'ohlcv-1d'
    """
    named = {word for word in re.findall(r"[a-z0-9-]+", text.lower()) if word in SCHEMAS}
    return named.pop() if len(named) == 1 else None
