"""`TickSubscriptions`: the subscriptions to the market topics."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Final

from tickfire.phoenix import Socket
from tickfire.server.market.ticks.merged_views import BacklogView
from tickfire.server.market.ticks.subscription import TickSubscription, Wait
from tickfire.server.market.ticks.tick_source import TickSource
from tickfire.server.market.ticks.views import REALTIME, View, Views, symbol_of

WATCH_S: Final = 0.25
"""Time between two looks at what clients have been sent, in seconds."""
AT_ONCE: Final = 256


class TickSubscriptions:
    """All subscriptions of a worker.

    Parameters
    ----------
    wait_s : callable
        Returns the seconds for which a client is to be sent no more, 0 if none.

    Attributes
    ----------
    views : Views
        The views that the subscribers get.
    """

    def __init__(self, wait_s: Wait = lambda socket: 0.0) -> None:
        self._wait_s = wait_s
        self.views = Views()
        self._subscriptions: dict[TickSubscription, None] = {}

    def __len__(self) -> int:
        return len(self._subscriptions)

    def __iter__(self) -> Iterator[TickSubscription]:
        return iter(self._subscriptions)

    def count_realtime(self) -> int:
        """Return the number of subscribers of ``market:realtime``."""
        return sum(one.view.topic == REALTIME for one in self._subscriptions)

    # --- bandwidth
    async def watch_bandwidth(self) -> None:
        """Send those no more for a while who have been sent as much as they may, until cancelled.

        A turn of the event loop considers `AT_ONCE` subscriptions.
        """
        while True:
            await asyncio.sleep(WATCH_S)
            for number, subscription in enumerate(list(self._subscriptions), 1):
                if subscription in self._subscriptions:
                    subscription.limit()
                if number % AT_ONCE == 0:
                    await asyncio.sleep(0)

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
        subscription = TickSubscription(source, socket, view, self._wait_s)
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
