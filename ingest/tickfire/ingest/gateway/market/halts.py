"""Halts of the simulated market: now and then one instrument is not traded for about a minute.

The time since the market's beginning is divided into spans with one halt each. Which instrument is
halted, when and why depends on the seed alone.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Final

from tickfire.base.units import NS_PER_S
from tickfire.ingest.gateway.market.universe import STOCK, Listing

SPAN_S: Final = 1800
"""The time, in seconds, in which one instrument is halted once."""
EARLIEST_S: Final = 300
"""The least time, in seconds, from the beginning of a span to its halt."""
SHORTEST_S: Final = 40
LONGEST_S: Final = 90
_CAUSES: Final = {
    True: (("halt", "news_pending"), ("pause", "luld_pause"), ("halt", "regulatory")),
    False: (("pause", "market_event"), ("halt", "surveillance_intervention")),
}
"""Statuses with their reasons, of stocks and of other instruments."""


@dataclass(frozen=True, slots=True)
class Halt:
    """A time in which an instrument is not traded.

    Attributes
    ----------
    row : int
        The index of the instrument.
    begin, end : int
        ns since the Unix epoch, the end exclusive; whole seconds.
    status, reason : str
        As DBN's status records name them.
    """

    row: int
    begin: int
    end: int
    status: str
    reason: str


class Halts:
    """The halts of a market.

    Parameters
    ----------
    seed : int
    begin_ns : int
        ns since the Unix epoch: when the market begins.
    listings : list of Listing
    """

    def __init__(self, seed: int, begin_ns: int, listings: list[Listing]) -> None:
        self._seed = seed
        self._begin_s = begin_ns // NS_PER_S
        self._is_stock = [listing.kind.instrument_class == STOCK for listing in listings]
        self._span = -1
        self._halt: Halt | None = None

    def at(self, ns: int) -> Halt | None:
        """Return the halt that is in force at a time, if there is one."""
        halt = self._halt_of(self._span_of(ns))
        return halt if halt.begin <= ns < halt.end else None

    def next_change(self, ns: int) -> int:
        """Return a time after the given one up to which the same instrument is halted, or none."""
        span = self._span_of(ns)
        halt = self._halt_of(span)
        ahead = [bound for bound in (halt.begin, halt.end) if bound > ns]
        return min(ahead, default=(self._begin_s + (span + 1) * SPAN_S) * NS_PER_S)

    def _span_of(self, ns: int) -> int:
        return (ns // NS_PER_S - self._begin_s) // SPAN_S

    def _halt_of(self, span: int) -> Halt:
        if self._halt is None or span != self._span:
            self._span, self._halt = span, self._drawn(span)
        return self._halt

    def _drawn(self, span: int) -> Halt:
        draw = random.Random(f"{self._seed} {span}")
        row = draw.randrange(len(self._is_stock))
        length = draw.randint(SHORTEST_S, LONGEST_S)
        begin = self._begin_s + span * SPAN_S + draw.randint(EARLIEST_S, SPAN_S - length - 1)
        status, reason = draw.choice(_CAUSES[self._is_stock[row]])
        return Halt(row, begin * NS_PER_S, (begin + length) * NS_PER_S, status, reason)
