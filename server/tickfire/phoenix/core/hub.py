"""The topics of this process and their subscribers.

A broadcast is encoded once per lane, regardless of the number of subscribers. A *lane* is one
encoding of a topic's broadcasts: the serializers use the lanes "v1" and "v2", and an application
may write finished frames to lanes of its own. A hub belongs to one event loop and must be called
only from the thread of that loop.
"""

from __future__ import annotations

import asyncio
import warnings
from collections.abc import Awaitable, Callable, Collection, Generator, Sequence
from typing import Any, Final, Protocol

from tickfire.phoenix.core.lane import Lane
from tickfire.phoenix.core.refusal_log import RefusalLog
from tickfire.phoenix.core.subscriber import DEFAULT_WRITE_LIMIT, HubStats, Sink, Subscriber
from tickfire.phoenix.core.telemetry import Telemetry
from tickfire.phoenix.core.turns import Turns
from tickfire.phoenix.wire.deflate import DeflatingSerializer
from tickfire.phoenix.wire.serializers import Serializer, V1Serializer, V2Serializer

type Listener = Callable[[str, str, Any], None]
"""Function that is called with (topic, event, payload) of a broadcast, before it returns."""

type Interceptor = Callable[[str, Any], None]
"""Function that is called with (event, payload) of a broadcast that a channel intercepts."""

type Handler = Callable[[str, Any], None]
"""Function that is called with the name of the sending node and its message."""


class Cluster(Protocol):
    """Link to the other nodes, for a hub and other parts of the library; see `PubSub`."""

    node: str
    """Name of this node, unique in the cluster."""

    def encode(self, topic: str, event: str, payload: Any) -> bytes:
        """Encode a broadcast for `publish_soon` and `publish`."""

    def publish_soon(self, topic: str, broadcast: bytes) -> None:
        """Queue a broadcast for the other nodes; drop and count it if the queue is full."""

    def publish(self, topic: str, broadcast: bytes) -> Awaitable[None]:
        """Queue a broadcast; the returned awaitable is done when the adapter has taken it."""

    def handle(self, topic: str, handler: Handler) -> None:
        """Call `handler` for each message that other nodes send on a topic."""

    def unhandle(self, topic: str) -> None:
        """Undo `handle`."""

    async def send(self, topic: str, message: Any, *, to: str | None = None) -> None:
        """Send a message to the handlers of a topic on all other nodes, or on the node `to`."""


class Sender(Protocol):
    """Subscriber that sends a broadcast; the socket of a channel, for example."""

    @property
    def subscriber(self) -> Subscriber:
        """The subscriber in the hub."""


class _Done:
    """Awaitable that is done already."""

    def __await__(self) -> Generator[None]:
        return
        yield


_DONE: Final = _Done()


class _Topic:
    __slots__ = ("interceptors", "lanes", "listeners", "name")

    def __init__(self, name: str) -> None:
        self.name = name
        self.interceptors: dict[Subscriber, Interceptor] = {}
        self.lanes: dict[str, Lane] = {}
        self.listeners: dict[Listener, None] = {}

    def is_empty(self) -> bool:
        return not self.lanes and not self.listeners and not self.interceptors


class Hub:
    """Topics of one process, and broadcasts to their subscribers.

    Parameters
    ----------
    serializers
        Serializers of the protocol versions that sockets of this hub accept; vsn 1.0.0 and 2.0.0
        by default.
    write_limit : bytes
        A slow connection is dropped when more than this is waiting to be sent to it, unless its
        channel handles overflow itself.
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
        self._deflating: dict[str, DeflatingSerializer] = {}
        self._by_lane: dict[str, Serializer] = {}
        for serializer in self.serializers:
            self.add_serializer(serializer)
        self.stats = HubStats()
        self.refusals = RefusalLog()
        self.telemetry = Telemetry()
        self.pubsub: Cluster | None = None
        """The link to the hubs of other nodes, while it is open."""
        self._intercepted: dict[str, Collection[str]] = {}
        self.write_limit = write_limit
        self.turns = Turns()
        self._topics: dict[str, _Topic] = {}

    def deflating(self, serializer: Serializer) -> Serializer:
        """Return the serializer of the same messages whose frames are compressed."""
        return self._deflating[serializer.lane]

    def add_serializer(self, serializer: Serializer) -> None:
        """Let clients of a serializer subscribe; one of the same class and lane is known already.

        Raises
        ------
        ValueError
            If a serializer of another class has the same lane.
        """
        lane = serializer.lane
        known = self._by_lane.get(lane)
        if known is None:
            deflating = self._deflating[lane] = DeflatingSerializer(serializer)
            self._by_lane |= {lane: serializer, deflating.lane: deflating}
        elif type(known) is not type(serializer):
            names = f"{type(known).__name__} and {type(serializer).__name__}"
            raise ValueError(f"the serializers {names} have the same lane, {lane!r}")

    # --- sending
    def broadcast(
        self, topic: str, event: str, payload: Any, *, exclude: Subscriber | Listener | None = None
    ) -> None:
        """Send an event to the subscribers of a topic on all nodes.

        It has been written to the subscribers on this node when the call returns. For other nodes
        it is queued; broadcasts that do not fit into the queue, or cannot be published, are logged
        and counted by the `PubSub`.

        Parameters
        ----------
        topic, event
            Topic and event of the broadcast.
        payload : map, or bytes for a binary broadcast
            Payload of the broadcast, encoded once for each protocol version in use on the topic.
        exclude
            Subscriber or listener that does not receive the event.

        Raises
        ------
        TypeError
            If a protocol version in use on the topic, or the link to other nodes, cannot carry the
            payload. The event is then sent to no subscriber.
        """
        pubsub = self.pubsub
        if pubsub is None:
            self.local_broadcast(topic, event, payload, exclude=exclude)
            return
        encoded = pubsub.encode(topic, event, payload)
        self.local_broadcast(topic, event, payload, exclude=exclude)
        pubsub.publish_soon(topic, encoded)

    def broadcast_async(
        self, topic: str, event: str, payload: Any, *, exclude: Subscriber | Listener | None = None
    ) -> Awaitable[None]:
        """Broadcast like `broadcast`; return an awaitable that is done when the event is published.

        The event is sent whether or not the result is awaited. Await it to send no faster than the
        link to the other nodes allows, and to be told of failures: it raises the exceptions of the
        `PubSub` adapter. No event is dropped because of a full queue.
        """
        pubsub = self.pubsub
        if pubsub is None:
            self.local_broadcast(topic, event, payload, exclude=exclude)
            return _DONE
        encoded = pubsub.encode(topic, event, payload)
        self.local_broadcast(topic, event, payload, exclude=exclude)
        return pubsub.publish(topic, encoded)

    def broadcast_everywhere(
        self, topic: str, event: str, payload: Any, *, exclude: Subscriber | Listener | None = None
    ) -> Awaitable[None]:
        """Call `broadcast_async`; deprecated."""
        warnings.warn(
            "Hub.broadcast reaches all nodes: call it, or await Hub.broadcast_async, "
            "instead of Hub.broadcast_everywhere",
            DeprecationWarning,
            stacklevel=2,
        )
        return self.broadcast_async(topic, event, payload, exclude=exclude)

    def local_broadcast(
        self, topic: str, event: str, payload: Any, *, exclude: Subscriber | Listener | None = None
    ) -> None:
        """Send an event to the subscribers of a topic on this node; see `broadcast`."""
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
            lane.write(frame, exclude if isinstance(exclude, Subscriber) else None)
        for listener in list(found.listeners):
            if listener != exclude:
                listener(topic, event, payload)
        for subscriber, interceptor in list(found.interceptors.items()):
            if subscriber is not exclude:
                interceptor(event, payload)

    def broadcast_from(
        self, sender: Sender | Listener, topic: str, event: str, payload: Any
    ) -> Awaitable[None]:
        """Send an event to all subscribers of a topic but its sender, on all nodes.

        Parameters
        ----------
        sender : Socket, or a function that was given to `listen`
            Subscriber that does not receive the event.
        topic, event, payload
            As of `broadcast`. See `broadcast_async` for the returned awaitable.
        """
        return self.broadcast_async(topic, event, payload, exclude=_excluded(sender))

    def local_broadcast_from(
        self, sender: Sender | Listener, topic: str, event: str, payload: Any
    ) -> None:
        """Send an event as `broadcast_from` does, but on this node only."""
        self.local_broadcast(topic, event, payload, exclude=_excluded(sender))

    def disconnect(self, socket_id: str) -> Awaitable[None]:
        """Close all connections with this `UserSocket.id`, on all nodes, with close code 1001.

        phoenix.js connects again, so first revoke whatever `connect` checks. See `broadcast_async`
        for the returned awaitable.
        """
        return self.broadcast_async(socket_id, "disconnect", {})

    def write(self, topic: str, lane: str, frames: bytes) -> None:
        """Send finished frames to every subscriber of one lane of a topic."""
        found = self._topics.get(topic)
        to = found.lanes.get(lane) if found is not None else None
        if to is not None:
            self.stats.broadcasts += 1
            to.write(frames)

    # --- queries
    def lanes(self, topic: str) -> Collection[str]:
        """Return the names of a topic's lanes that have subscribers."""
        found = self._topics.get(topic)
        return () if found is None else found.lanes.keys()

    def shared(self, topic: str) -> str:
        """Return the string for a topic that all of its channels share while it is in use."""
        found = self._topics.get(topic)
        return topic if found is None else found.name

    def topics(self) -> Collection[str]:
        """Return the topics that have subscribers, listeners or interceptors."""
        return self._topics.keys()

    # --- subscribing
    def subscriber(self, sink: Sink) -> Subscriber:
        """Return a new subscriber for a channel of the connection `sink`, held and in no lane."""
        return Subscriber(sink, self.stats, self.write_limit)

    def lane_without(self, serializer: Serializer, events: Collection[str]) -> str:
        """Return the name of a serializer's lane that leaves out intercepted events."""
        name = "~".join((serializer.lane, *sorted(events)))
        self._by_lane[name] = serializer
        self._intercepted[name] = frozenset(events)
        return name

    def intercept(self, topic: str, subscriber: Subscriber, interceptor: Interceptor) -> None:
        """Call `interceptor` for a topic's broadcasts, until `unintercept` is called."""
        self._topics.setdefault(topic, _Topic(topic)).interceptors[subscriber] = interceptor

    def unintercept(self, topic: str, subscriber: Subscriber) -> None:
        """Undo `intercept`."""
        found = self._topics.get(topic)
        if found is not None and found.interceptors.pop(subscriber, None) is not None:
            self._forget(topic, found)

    def subscribe(self, topic: str, lane: str, subscriber: Subscriber) -> None:
        """Add a subscriber to a lane of a topic."""
        found = self._topics.get(topic)
        if found is None:
            found = self._topics[topic] = _Topic(topic)
        into = found.lanes.get(lane)
        if into is None:
            into = found.lanes[lane] = Lane(asyncio.get_running_loop())
        into.add(subscriber)

    def unsubscribe(self, topic: str, lane: str, subscriber: Subscriber) -> None:
        """Remove a subscriber from a lane of a topic, if it is in that lane."""
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
        self._topics.setdefault(topic, _Topic(topic)).listeners[listener] = None

    def unlisten(self, topic: str, listener: Listener) -> None:
        """Undo `listen`."""
        found = self._topics.get(topic)
        if found is not None and listener in found.listeners:
            del found.listeners[listener]
            self._forget(topic, found)

    def _forget(self, topic: str, found: _Topic) -> None:
        if found.is_empty():
            del self._topics[topic]


def _excluded(sender: Sender | Listener) -> Subscriber | Listener:
    return sender if callable(sender) else sender.subscriber
