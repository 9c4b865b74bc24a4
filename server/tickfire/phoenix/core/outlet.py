"""The outlet of one channel: everything it writes, and its subscription in the hub.

`Socket` shows an application the part that any channel needs. `Socket.outlet` is the rest, for
channels that feed lanes of their own with finished frames or deal with slow clients themselves.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection
from typing import Any, Protocol

from tickfire.phoenix.core.hub import Hub
from tickfire.phoenix.core.interfaces import Transport, UserSocketLike
from tickfire.phoenix.core.results import Reply
from tickfire.phoenix.core.subscriber import Subscriber
from tickfire.phoenix.wire.serializers import Serializer

logger = logging.getLogger(__name__)


class SessionLike(Protocol):
    """The session of a client, as its channels see it."""

    hub: Hub
    id: str | None
    loop: asyncio.AbstractEventLoop
    params: dict[str, Any]
    serializer: Serializer
    transport: Transport

    @property
    def user_socket(self) -> UserSocketLike:
        """The user of the connection."""

    def close(self, code: int) -> None:
        """Close the connection with this code."""

    def on_writable(self, callback: Callable[[], None]) -> None:
        """Call back once, when the transport has drained."""

    def relieved(self) -> None:
        """Resume reading, if it was paused and nothing waits any more."""


class Mailbox(Protocol):
    """A channel's mailbox."""

    def send_info(self, message: Any) -> None:
        """Queue a message for `handle_info`."""


class ChannelOutlet:
    """The way from one channel to its client and to its topic.

    Parameters
    ----------
    session
        The session of the client.
    topic, join_ref, ref
        Those of the join.
    mailbox
        The channel's own.

    Attributes
    ----------
    topic : str
    join_ref, ref : any JSON value
        Those of the join, and of the push that is being handled.
    session : SessionLike
    mailbox : Mailbox
    subscriber : Subscriber
        The channel's place in the hub, for `Hub.broadcast(exclude=)`.
    """

    __slots__ = (
        "_assigns", "_endings", "_lane", "join_ref", "mailbox", "ref", "session", "subscriber",
        "topic",
    )  # fmt: skip

    def __init__(
        self, session: SessionLike, topic: str, join_ref: Any, ref: Any, mailbox: Mailbox
    ) -> None:
        self.session = session
        self.mailbox = mailbox
        self.topic = topic
        # Phoenix lets the ref of the join stand in for a join_ref of null.
        self.join_ref = ref if join_ref is None else join_ref
        self.ref = ref
        self.subscriber: Subscriber = session.hub.subscriber(session.transport)
        self._assigns: dict[str, Any] | None = None
        self._endings: list[Callable[[], None]] | None = None
        self._lane: str | None = None

    @property
    def assigns(self) -> dict[str, Any]:
        """The channel's own state; a copy of the user socket's until it is first used."""
        if self._assigns is None:
            self._assigns = dict(self.session.user_socket.assigns)
        return self._assigns

    # --- the subscription
    def subscribe(
        self, intercepted: Collection[str], intercept: Callable[[str, Any], None]
    ) -> None:
        """Subscribe to the topic's broadcasts, encoded for the client's protocol version.

        Parameters
        ----------
        intercepted
            Events that go to `intercept` instead of the client.
        intercept
            Called with event and payload of every broadcast, if there are such events.
        """
        session = self.session
        if intercepted:
            self._lane = session.hub.lane_without(session.serializer, intercepted)
            session.hub.intercept(self.topic, self.subscriber, intercept)
            self.on_end(lambda: session.hub.unintercept(self.topic, self.subscriber))
        else:
            self._lane = session.serializer.lane
        session.hub.subscribe(self.topic, self._lane, self.subscriber)

    @property
    def lane(self) -> str | None:
        """Name of the lane whose frames the client gets; None for none.

        Set it to move the channel to another lane of its topic. Frames of the old lane that wait
        for the join reply are dropped.
        """
        return self._lane

    @lane.setter
    def lane(self, lane: str | None) -> None:
        if lane == self._lane:
            return
        self.unsubscribe()
        self.session.hub.unintercept(self.topic, self.subscriber)
        self.subscriber.forget_held()
        self._lane = lane
        if lane is not None:
            self.session.hub.subscribe(self.topic, lane, self.subscriber)

    def unsubscribe(self) -> None:
        """Leave the lane; frames for this client alone still reach it."""
        if self._lane is not None:
            self.session.hub.unsubscribe(self.topic, self._lane, self.subscriber)
            self._lane = None

    # --- writing to the client
    def push(self, event: str, payload: Any) -> None:
        """Send an event to the client; see `Socket.push`."""
        encode = self.session.serializer.encode_push
        self.subscriber.send(encode(self.join_ref, self.topic, event, payload))

    def reply_to(self, ref: Any, reply: Reply) -> None:
        """Answer the push with this ref."""
        encode = self.session.serializer.encode_reply
        self.subscriber.send(encode(self.join_ref, ref, self.topic, reply.status, reply.response))

    def write(self, frames: bytes) -> None:
        """Send finished frames to the client, after everything that its lane has for it."""
        self.subscriber.send(frames)

    # --- flow control
    @property
    def buffered(self) -> int:
        """Number of bytes that wait to be sent on the client's connection, for all its channels."""
        return self.session.transport.buffered()

    @property
    def on_overflow(self) -> Callable[[int], None] | None:
        """Callback that replaces the writes of the lane while the connection is congested.

        It is called with the number of the latest writes to the lane that the client is not given:
        the one that caused the call, and those that wait behind it. None, the default, writes on
        until the hub's `write_limit` is exceeded, and then cuts the connection.
        """
        return self.subscriber.on_overflow

    @on_overflow.setter
    def on_overflow(self, callback: Callable[[int], None] | None) -> None:
        self.subscriber.on_overflow = callback

    def on_writable(self, callback: Callable[[], None]) -> None:
        """Call back once, when the connection has drained below its low-water mark."""
        self.session.on_writable(callback)

    # --- the end
    def on_end(self, callback: Callable[[], None]) -> None:
        """Call back once, when the channel has ended; at once if it has already."""
        if self.subscriber.gone:
            callback()
        elif self._endings is None:
            self._endings = [callback]
        else:
            self._endings.append(callback)

    def detach(self) -> None:
        """Unsubscribe, write nothing any more, and run the callbacks of `on_end`."""
        self.unsubscribe()
        self.subscriber.end()
        endings, self._endings = self._endings, None
        for callback in endings or ():
            try:
                callback()
            except Exception:
                logger.exception("an on_end callback of channel %r failed", self.topic)
