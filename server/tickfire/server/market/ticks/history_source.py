"""`HistorySource`: epochs of feeds, as far as reading their history needs it."""

from __future__ import annotations

from typing import Protocol

from tickfire.server.market.ticks.source import TickData
from tickfire.store.entries import TickEntry
from tickfire.store.schema import Stream


class TickHistory(Protocol):
    """Reader of the ticks of a stream."""

    async def ticks_after(self, position: int, count: int) -> tuple[list[TickEntry], int]:
        """Return the ticks after a position, and the position to read on from.

        The parameters and results are those of `History.ticks_after`.

        Raises
        ------
        RedisUnavailable
            The history cannot be read now.
        """


class HistorySource(Protocol):
    """The market, or an epoch that has ended, as far as reading its history needs it."""

    @property
    def data(self) -> TickData:
        """Instruments and positions."""

    def recent(self, stream: Stream, position: int) -> list[TickEntry] | None:
        """Return all entries after a position, None if they are not all in memory."""

    def history(self, stream: Stream) -> TickHistory:
        """Return the reader of a stream's history."""

    async def learn(self) -> None:
        """Read the table of instruments again."""
