"""`TickSource`: the market, as subscriptions to ticks see it."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

from tickfire.server.market.ticks.catch_up import CatchUp
from tickfire.server.market.ticks.fanout import Fanout
from tickfire.server.market.ticks.history_source import HistorySource
from tickfire.server.market.ticks.lag import LagWatch
from tickfire.server.market.ticks.past import Route
from tickfire.server.market.ticks.positions import FeedPositions
from tickfire.server.metrics import Metrics
from tickfire.store.history import History
from tickfire.store.schema import Stream


class TickSource(HistorySource, Protocol):
    """The market, as subscriptions see it."""

    @property
    def fanout(self) -> Fanout:
        """Writer of the live ticks."""

    @property
    def catch_up(self) -> CatchUp:
        """Distributor of history to the subscribers that catch up."""

    @property
    def lag(self) -> LagWatch:
        """Watch over the subscribers that are too slow."""

    @property
    def metrics(self) -> Metrics:
        """Metrics of the worker."""

    @property
    def loading(self) -> Collection[int]:
        """Feeds in Redis that are still to be loaded, or to be loaded again."""

    def history(self, stream: Stream) -> History:
        """Return the reader of a stream's history."""

    def beside(self, others: tuple[FeedPositions, ...]) -> HistorySource:
        """Return the same source, in whose ids other feeds have the given positions."""

    async def moved(self) -> None:
        """Wait until more ticks are published."""

    async def route(self, since: FeedPositions) -> Route | None:
        """Return the route from a position in an epoch that has ended, None if it is not known.

        Raises
        ------
        BadSince
            The epoch had another number of shards.
        RedisUnavailable
            The archive cannot be read now.
        """

    async def feeds_changed(self) -> None:
        """Wait until the next change of the feeds that are loaded."""

    def listen(self, symbol: str) -> None:
        """Count a subscriber of the topics of one instrument."""

    def unlisten(self, symbol: str) -> None:
        """Undo `listen`."""
