"""Names of an instrument, from a mapping of what was asked for to what it stands for.

A mapping leads from a symbol of the type that was asked for (``stype_in``) to one of another type
(``stype_out``), mostly from a symbol to an instrument's id, or from a continuous symbol to the
venue's own. Pure.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

ALL_SYMBOLS: Final = "ALL_SYMBOLS"
GROUPS: Final = frozenset(("parent",))
"""Types of symbols that stand for many instruments at a time."""

_CONTINUOUS: Final = re.compile(r"[^.\s]+\.[cnv]\.\d+")
_PARENT: Final = re.compile(r"[^.\s]+\.(FUT|OPT|SPOT)")


class Names(NamedTuple):
    """Names of an instrument.

    Attributes
    ----------
    symbol : str
        The name by which clients find it; empty if only its id is known.
    raw_symbol : str
        The venue's own name; empty if unknown.
    asked : str
        The symbol that was asked for.
    """

    symbol: str
    raw_symbol: str
    asked: str


def names_of(stype_in: str | None, asked: str, out: str, number: str) -> Names:
    """Return the names of an instrument.

    Parameters
    ----------
    stype_in : str or None
        The type of the symbol that was asked for; None if unknown, which its form then tells.
    asked, out : str
        The two sides of the mapping.
    number : str
        The instrument's id.

    Examples
    --------
    >>> names_of("continuous", "ES.c.0", "ESM4", "11")
    Names(symbol='ES.c.0', raw_symbol='ESM4', asked='ES.c.0')
    >>> names_of("parent", "ES.FUT", "ESM4", "11").symbol
    'ESM4'
    """
    kind = _kind_of(stype_in, asked, number)
    raw = asked if kind == "raw_symbol" else ""
    if out and out != number and (out != asked or kind in (None, "instrument_id")):
        raw = out
    if kind in GROUPS or kind == "instrument_id":
        return Names(raw, raw, asked)
    return Names(asked or raw, raw, asked)


def _kind_of(stype_in: str | None, asked: str, number: str) -> str | None:
    """Return the type of a symbol; its form tells it where the gateway does not, or is coarse.

    A gateway that was asked for all symbols, or by several subscriptions of different types, names
    one type for all.
    """
    if asked == ALL_SYMBOLS or _PARENT.fullmatch(asked):
        return "parent"
    if _CONTINUOUS.fullmatch(asked):
        return "continuous"
    if asked == number:
        return "instrument_id"
    return stype_in
