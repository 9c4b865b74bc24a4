"""`Beside`: the market for clients that have positions in feeds that are still being loaded."""

from __future__ import annotations

from typing import Protocol

from tickfire.server.market.epoch.data import MarketData
from tickfire.server.market.ticks.history_source import HistorySource, TickHistory
from tickfire.server.market.ticks.positions import FeedPositions, by_epoch
from tickfire.store.entries import TickEntry
from tickfire.store.schema import Stream


class Market(HistorySource, Protocol):
    """The market, with its data."""

    @property
    def data(self) -> MarketData:
        """Instruments and positions, as they are now."""


class Beside:
    """The source of the market's history, in whose ids other feeds have the given positions.

    Without them, a client that resumes with such an id would be taken for one that does not know
    these feeds.

    Parameters
    ----------
    market : Market
    others : tuple of FeedPositions
    """

    def __init__(self, market: Market, others: tuple[FeedPositions, ...]) -> None:
        self._market = market
        self._others = by_epoch(others)
        self._data = market.data.beside(self._others)

    @property
    def data(self) -> MarketData:
        """Instruments and positions, as they are now."""
        self._data.follow(self._market.data, self._others)
        return self._data

    def recent(self, stream: Stream, position: int) -> list[TickEntry] | None:
        """Return all entries after a position; see `HistorySource`."""
        return self._market.recent(stream, position)

    def history(self, stream: Stream) -> TickHistory:
        """Return the reader of a stream's history."""
        return self._market.history(stream)

    async def learn(self) -> None:
        """Read the table of instruments again."""
        await self._market.learn()
