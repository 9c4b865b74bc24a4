"""The hub: local fan-out. A broadcast is encoded once per lane, whatever the number of subscribers.

A *lane* is an encoding of a topic's broadcasts: "v1" and "v2" are the serializers', and an
application may have lanes of its own, which it feeds with finished frames. All of a hub belongs to
one event loop and is called from its thread alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING, Any

from tickfire.phoenix.core.lane import Lane
from tickfire.phoenix.core.subscriber import DEFAULT_WRITE_LIMIT, HubStats, Sink, Subscriber
from tickfire.phoenix.wire.deflate import DeflatingSerializer
from tickfire.phoenix.wire.serializers import Serializer, V1Serializer, V2Serializer

if TYPE_CHECKING:
    from tickfire.phoenix.pubsub import PubSub

type Listener = Callable[[str, str, Any], None]
"""Called with (topic, event, payload) of a broadcast, before it returns."""

type Interceptor = Callable[[str, Any], None]
"""Called with (event, payload) of a broadcast that a channel intercepts."""


class _Topic:
    __slots__ = ("interceptors", "lanes", "listeners")

    def __init__(self) -> None:
        self.interceptors: dict[Subscriber, Interceptor] = {}
        self.lanes: dict[str, Lane] = {}
        self.listeners: dict[Listener, None] = {}

    def is_empty(self) -> bool:
        return not self.lanes and not self.listeners and not self.interceptors


class Hub:
    """Topics, their subscribers, and the way to reach them all.

    Parameters
    ----------
    serializers
        The versions of the protocol that sockets of this hub speak; vsn 1.0.0 and 2.0.0 by
        default.
    write_limit : bytes
        A slow connection is cut when more than this waits to be sent to it, unless its channel
        deals with overflow itself.
    """

    def __init__(
        self,
        serializers: Sequence[Serializer] | None = None,
        *,
        write_limit: int = DEFAULT_WRITE_LIMIT,
    ) -> None:
        self.serializers: tuple[Serializer, ...] = tuple(
            (V1Serializer(), V2Serializer()) if serializers is None else serializers
        )
        self.stats = HubStats()
        self.pubsub: PubSub | None = None
        """The link to the hubs of other nodes, while it is up."""
        self._deflating = {
            serializer.vsn: DeflatingSerializer(serializer) for serializer in self.serializers
        }
        self._by_lane: dict[str, Serializer] = {
            serializer.lane: serializer
            for serializer in (*self.serializers, *self._deflating.values())
        }
        self._intercepted: dict[str, Collection[str]] = {}
        self._write_limit = write_limit
        self._topics: dict[str, _Topic] = {}

    def deflating(self, serializer: Serializer) -> Serializer:
        """Return the serializer of the same version whose frames are compressed."""
        return self._deflating[serializer.vsn]

    # --- sending
    def broadcast(
        self, topic: str, event: str, payload: Any, *, exclude: Subscriber | None = None
    ) -> None:
        """Send an event to all local subscribers of the serializers' lanes, and to listeners.

        Parameters
        ----------
        topic, event
            Where and what.
        payload : map, or bytes for a binary broadcast
            Encoded once for each version of the protocol that somebody on the topic speaks.
        exclude
            Does not get it.

        Raises
        ------
        TypeError
            if a version present cannot carry the payload; then nobody has got it
        """
        found = self._topics.get(topic)
        if found is None:
            return
        encoded = [
            (lane, self._by_lane[name].encode_broadcast(topic, event, payload))
            for name, lane in found.lanes.items()
            if name in self._by_lane and event not in self._intercepted.get(name, ())
        ]
        self.stats.broadcasts += len(encoded)
        for lane, frame in encoded:
            lane.write(frame, exclude)
        for listener in list(found.listeners):
            listener(topic, event, payload)
        for subscriber, interceptor in list(found.interceptors.items()):
            if subscriber is not exclude:
                interceptor(event, payload)

    async def broadcast_everywhere(
        self, topic: str, event: str, payload: Any, *, exclude: Subscriber | None = None
    ) -> None:
        """Send an event to the subscribers of a topic, those on other nodes too if there are any.

        Subscribers here have it before anything is waited for.
        """
        if self.pubsub is None:
            self.broadcast(topic, event, payload, exclude=exclude)
        else:
            await self.pubsub.broadcast(topic, event, payload, exclude=exclude)

    async def disconnect(self, socket_id: str) -> None:
        """Close all connections whose `UserSocket.id` is this, on all nodes, with 1001.

        phoenix.js comes back, so change first what `connect` is to see.
        """
        await self.broadcast_everywhere(socket_id, "disconnect", {})

    def write(self, topic: str, lane: str, frames: bytes) -> None:
        """Send finished frames to every subscriber of one lane of a topic."""
        found = self._topics.get(topic)
        to = found.lanes.get(lane) if found is not None else None
        if to is not None:
            self.stats.broadcasts += 1
            to.write(frames)

    # --- looking
    def lanes(self, topic: str) -> Collection[str]:
        """Return the lanes of a topic that have subscribers now; empty when nobody listens."""
        found = self._topics.get(topic)
        return () if found is None else found.lanes.keys()

    def topics(self) -> Collection[str]:
        """Return the topics that somebody subscribes to or listens on."""
        return self._topics.keys()

    # --- subscribing
    def subscriber(self, sink: Sink) -> Subscriber:
        """Return a new subscriber, held and in no lane, for a channel of the connection `sink`."""
        return Subscriber(sink, self.stats, self._write_limit)

    def lane_without(self, serializer: Serializer, events: Collection[str]) -> str:
        """Return the lane of a serializer's broadcasts for those who intercept some events."""
        name = "~".join((serializer.lane, *sorted(events)))
        self._by_lane[name] = serializer
        self._intercepted[name] = frozenset(events)
        return name

    def intercept(self, topic: str, subscriber: Subscriber, interceptor: Interceptor) -> None:
        """Give a topic's broadcasts to `interceptor`, until the subscriber is gone."""
        self._topics.setdefault(topic, _Topic()).interceptors[subscriber] = interceptor

    def unintercept(self, topic: str, subscriber: Subscriber) -> None:
        """Undo `intercept`."""
        found = self._topics.get(topic)
        if found is not None and found.interceptors.pop(subscriber, None) is not None:
            self._forget(topic, found)

    def subscribe(self, topic: str, lane: str, subscriber: Subscriber) -> None:
        """Put a subscriber into a lane of a topic."""
        found = self._topics.get(topic)
        if found is None:
            found = self._topics[topic] = _Topic()
        into = found.lanes.get(lane)
        if into is None:
            into = found.lanes[lane] = Lane(asyncio.get_running_loop())
        into.add(subscriber)

    def unsubscribe(self, topic: str, lane: str, subscriber: Subscriber) -> None:
        """Take a subscriber out of a lane of a topic, if it is in it."""
        found = self._topics.get(topic)
        of = found.lanes.get(lane) if found is not None else None
        if found is None or of is None or subscriber.lane is not of:
            return
        of.remove(subscriber)
        if not of:
            del found.lanes[lane]
            self._forget(topic, found)

    def listen(self, topic: str, listener: Listener) -> None:
        """Call `listener` for every broadcast on a topic."""
        self._topics.setdefault(topic, _Topic()).listeners[listener] = None

    def unlisten(self, topic: str, listener: Listener) -> None:
        """Undo `listen`."""
        found = self._topics.get(topic)
        if found is not None and listener in found.listeners:
            del found.listeners[listener]
            self._forget(topic, found)

    def _forget(self, topic: str, found: _Topic) -> None:
        if found.is_empty():
            del self._topics[topic]
