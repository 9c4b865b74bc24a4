"""Names of instruments for clients and models, over all feeds. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from tickfire.store.schema import Instrument


class Named(Protocol):
    """Anything that a feed has a symbol for, such as an `Instrument`."""

    @property
    def feed(self) -> int:
        """The number of the feed."""

    @property
    def symbol(self) -> str:
        """The symbol in that feed."""


def qualified(named: Named) -> str:
    """Return the name that no other feed has: ``FEED/SYMBOL``, with the number of the feed."""
    return f"{named.feed}/{named.symbol}"


def lowest_feeds(instruments: Iterable[Instrument]) -> dict[str, int]:
    """Return the lowest number of a feed that has a symbol, for each symbol."""
    lowest: dict[str, int] = {}
    for each in instruments:
        lowest[each.symbol] = min(each.feed, lowest.get(each.symbol, each.feed))
    return lowest


def name_of(named: Named, lowest: Mapping[str, int]) -> str:
    """Return the shortest name of an instrument, given the result of `lowest_feeds`.

    A symbol alone stands for the instrument of the lowest-numbered feed that has it; those of the
    other feeds are named by `qualified`.
    """
    is_lowest = lowest.get(named.symbol, named.feed) == named.feed
    return named.symbol if is_lowest else qualified(named)
