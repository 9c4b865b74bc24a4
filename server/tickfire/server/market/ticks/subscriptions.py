"""`TickSubscriptions`: the subscriptions to the market topics."""

from __future__ import annotations

from collections.abc import Iterator

from tickfire.phoenix import Socket
from tickfire.server.market.ticks.conflate import BacklogView
from tickfire.server.market.ticks.subscription import TickSubscription
from tickfire.server.market.ticks.tick_source import TickSource
from tickfire.server.market.ticks.views import REALTIME, View, Views, symbol_of


class TickSubscriptions:
    """All subscriptions of a worker.

    Attributes
    ----------
    views : Views
        The views that the subscribers get.
    """

    def __init__(self) -> None:
        self.views = Views()
        self._subscriptions: dict[TickSubscription, None] = {}

    def __len__(self) -> int:
        return len(self._subscriptions)

    def __iter__(self) -> Iterator[TickSubscription]:
        return iter(self._subscriptions)

    def count_realtime(self) -> int:
        """Return the number of subscribers of ``market:realtime``."""
        return sum(one.view.topic == REALTIME for one in self._subscriptions)

    # --- feeds
    def leave(self, feed: int) -> None:
        """Prepare all subscriptions for the end of a feed's epoch."""
        for subscription in self._subscriptions:
            subscription.leave(feed)

    def enter(self, feed: int) -> None:
        """Go on with all subscriptions in a feed that has been loaded."""
        for subscription in list(self._subscriptions):
            subscription.enter(feed)

    # --- subscribers
    def subscribe(self, source: TickSource, socket: Socket, view: View) -> TickSubscription:
        """Add a subscriber of a market topic."""
        view = self.views.hold(view)
        symbol = symbol_of(view.topic)
        if symbol is not None:
            source.listen(symbol)
        subscription = TickSubscription(source, socket, view)
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
        source = subscription.source
        symbol = symbol_of(view.topic)
        if symbol is not None:
            source.unlisten(symbol)
        if was_last:
            source.fanout.forget(view)
            source.catch_up.forget(view)
            source.catch_up.forget(BacklogView(view))
