"""`HistorySource`: the market, as far as reading its history needs it."""

from __future__ import annotations

from typing import Protocol

from tickfire.server.market.ticks.source import TickData
from tickfire.store.entries import TickEntry
from tickfire.store.history import History
from tickfire.store.schema import Stream


class HistorySource(Protocol):
    """The market, as far as reading its history needs it."""

    @property
    def data(self) -> TickData:
        """State of the market."""

    def recent(self, stream: Stream, position: int) -> list[TickEntry] | None:
        """Return all entries after a position, None if they are not all in memory."""

    def history(self, stream: Stream) -> History:
        """Return the reader of a stream's history."""

    async def moved(self) -> None:
        """Wait until more ticks are published."""

    async def learn(self) -> None:
        """Read the table of instruments again."""
