"""`TickSubscriptions`: the subscriptions to the market topics, over all epochs."""

from __future__ import annotations

from collections.abc import Iterator

from tickfire.phoenix import Socket
from tickfire.server.market.ticks.subscription import TickSource, TickSubscription
from tickfire.server.market.ticks.views import REALTIME, View, Views, symbol_of


class TickSubscriptions:
    """All subscriptions of a worker, moved from epoch to epoch.

    Attributes
    ----------
    views : Views
        The views that the subscribers get.
    """

    def __init__(self) -> None:
        self.views = Views()
        self._source: TickSource | None = None
        self._subscriptions: dict[TickSubscription, None] = {}

    def __len__(self) -> int:
        return len(self._subscriptions)

    def __iter__(self) -> Iterator[TickSubscription]:
        return iter(self._subscriptions)

    def count_realtime(self) -> int:
        """Return the number of subscribers of ``market:realtime``."""
        return sum(one.view.topic == REALTIME for one in self._subscriptions)

    # --- epochs
    def pause(self) -> None:
        """Leave the current epoch: nothing is read until the next `move`."""
        self._source = None
        for subscription in self._subscriptions:
            subscription.pause()

    def move(self, source: TickSource) -> None:
        """Go on with all subscriptions in a new epoch."""
        self._source = source
        for subscription in list(self._subscriptions):
            symbol = symbol_of(subscription.view.topic)
            if symbol is not None:
                source.listen(symbol)
            subscription.move(source, _shards_of(source, symbol))

    # --- subscribers
    def subscribe(
        self, source: TickSource, socket: Socket, view: View, shards: tuple[int, ...]
    ) -> TickSubscription:
        """Add a subscriber of a market topic in the current epoch."""
        view = self.views.hold(view)
        symbol = symbol_of(view.topic)
        if symbol is not None:
            source.listen(symbol)
        subscription = TickSubscription(source, socket, view, shards)
        self._subscriptions[subscription] = None
        return subscription

    def unsubscribe(self, subscription: TickSubscription) -> None:
        """Remove a subscriber, if it was not removed before."""
        if subscription not in self._subscriptions:
            return
        del self._subscriptions[subscription]
        subscription.close()
        view = subscription.view
        was_last = self.views.release(view)
        if self._source is None:
            return
        symbol = symbol_of(view.topic)
        if symbol is not None:
            self._source.unlisten(symbol)
        if was_last:
            self._source.fanout.forget(view)


def _shards_of(source: TickSource, symbol: str | None) -> tuple[int, ...]:
    if symbol is None:
        return tuple(range(source.data.shards))
    listing = source.data.instruments.find(symbol)
    return () if listing is None else (listing.shard,)
