"""`TickSource`: the market, as subscriptions to ticks see it."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

from tickfire.server.market.ticks.fanout import Fanout
from tickfire.server.market.ticks.source import TickData
from tickfire.server.metrics import Metrics
from tickfire.store.entries import TickEntry
from tickfire.store.history import History
from tickfire.store.schema import Stream


class TickSource(Protocol):
    """The market, as subscriptions see it."""

    @property
    def data(self) -> TickData:
        """State of the market."""

    @property
    def fanout(self) -> Fanout:
        """Writer of the live ticks."""

    @property
    def metrics(self) -> Metrics:
        """Metrics of the worker."""

    def recent(self, stream: Stream, position: int) -> list[TickEntry] | None:
        """Return all entries after a position, None if they are not all in memory."""

    def history(self, stream: Stream) -> History:
        """Return the reader of a stream's history."""

    @property
    def loading(self) -> Collection[int]:
        """Feeds in Redis that are still to be loaded, or to be loaded again."""

    async def moved(self) -> None:
        """Wait until more ticks are published."""

    async def learn(self) -> None:
        """Read the table of instruments again."""

    def listen(self, symbol: str) -> None:
        """Count a subscriber of the topics of one instrument."""

    def unlisten(self, symbol: str) -> None:
        """Undo `listen`."""
