"""The outlet of one channel: its writes to the client and its subscription in the hub.

`Socket` exposes the part that every channel needs. `Socket.outlet` offers the rest, for channels
that write finished frames to lanes of their own or handle slow clients themselves.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection
from typing import Any, Final, Protocol

from tickfire.phoenix.core.connection import Joined
from tickfire.phoenix.core.hub import Hub
from tickfire.phoenix.core.interfaces import Transport, UserSocketLike
from tickfire.phoenix.core.results import Reply
from tickfire.phoenix.core.subscriber import Subscriber
from tickfire.phoenix.wire.serializers import Serializer

logger = logging.getLogger(__name__)


class SessionLike(Protocol):
    """The part of a client's session that its channels use."""

    hub: Hub
    id: str | None
    loop: asyncio.AbstractEventLoop
    number: int
    sent: int
    params: dict[str, Any]
    serializer: Serializer
    transport: Transport

    @property
    def user_socket(self) -> UserSocketLike:
        """The user of the connection."""

    def channel_ended(self, joined: Joined[Any], orderly: bool) -> None:
        """Record the end of a channel, and tell the client; it is not orderly after a crash."""

    def close(self, code: int, reason: str = "") -> None:
        """Close the connection with a close code."""

    def on_writable(self, callback: Callable[[], None]) -> None:
        """Call `callback` once, when the transport has drained."""

    def relieved(self) -> None:
        """Resume reading if it was paused and no messages are waiting any more."""


class Mailbox(Protocol):
    """A channel's mailbox."""

    def send_info(self, message: Any) -> None:
        """Queue a message for `handle_info`."""


class _Ended:
    """The mailbox of a channel that has ended."""

    def send_info(self, message: Any) -> None:
        """Drop the message."""


_ENDED: Final = _Ended()


class ChannelOutlet:
    """Outgoing side of one channel: to its client and to its topic.

    Parameters
    ----------
    session
        The session of the client.
    topic
        The topic of the join.
    join_ref, ref
        The refs of the join; a join_ref of None is replaced by the ref.
    mailbox
        The mailbox of the channel.

    Attributes
    ----------
    topic : str
        The topic of the channel.
    join_ref : any JSON value
        The join_ref of the channel.
    ref : any JSON value
        The ref of the push being handled; that of the join before the first push.
    session : SessionLike
        The session of the client.
    mailbox : Mailbox
        The mailbox of the channel.
    subscriber : Subscriber
        The channel's subscriber in the hub, for `Hub.broadcast(exclude=)`.
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
        # As in Phoenix, the ref of the join replaces a join_ref of null.
        self.join_ref = ref if join_ref is None else join_ref
        self.ref = ref
        self.subscriber: Subscriber = session.hub.subscriber(session.transport)
        self._assigns: dict[str, Any] | None = None
        self._endings: list[Callable[[], None]] | None = None
        self._lane: str | None = None

    @property
    def assigns(self) -> dict[str, Any]:
        """State of the channel, initialized on first use as a copy of the user socket's assigns."""
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
            Events that are passed to `intercept` instead of the client.
        intercept
            Called with the event and payload of every broadcast, unless `intercepted` is empty.
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
        """Name of the lane whose frames the client receives, or None.

        Assign to it to move the channel to another lane of its topic. Frames of the old lane that
        are held back until the join reply are dropped.
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
        """Leave the lane; frames sent to this client alone still reach it."""
        if self._lane is not None:
            self.session.hub.unsubscribe(self.topic, self._lane, self.subscriber)
            self._lane = None

    # --- writing to the client
    def push(self, event: str, payload: Any, topic: str | None = None) -> None:
        """Send an event to the client; see `Socket.push`."""
        encode = self.session.serializer.encode_push
        if topic is None or topic == self.topic:
            self.subscriber.send(encode(self.join_ref, self.topic, event, payload))
        else:
            self.subscriber.send(encode(None, topic, event, payload))

    def reply_to(self, ref: Any, reply: Reply) -> None:
        """Reply to the push with a given ref."""
        encode = self.session.serializer.encode_reply
        self.subscriber.send(encode(self.join_ref, ref, self.topic, reply.status, reply.response))

    def write(self, frames: bytes) -> None:
        """Send finished frames to the client, after all frames of its lane written so far."""
        self.subscriber.send(frames)

    # --- flow control
    @property
    def buffered(self) -> int:
        """Number of bytes waiting to be sent on the client's connection, from all its channels."""
        return self.session.transport.buffered()

    @property
    def on_overflow(self) -> Callable[[int], None] | None:
        """Callback that replaces the writes of the lane while the connection is congested.

        It is called with the number of writes to the lane that the client does not receive: the one
        that caused the call, and those queued behind it. With None, the default, writing continues
        until the hub's `write_limit` is exceeded; then the connection is dropped.
        """
        return self.subscriber.on_overflow

    @on_overflow.setter
    def on_overflow(self, callback: Callable[[int], None] | None) -> None:
        self.subscriber.on_overflow = callback

    def on_writable(self, callback: Callable[[], None]) -> None:
        """Call `callback` once, when the connection has drained below its low-water mark."""
        self.session.on_writable(callback)

    # --- the end
    def on_end(self, callback: Callable[[], None]) -> None:
        """Call `callback` once, when the channel has ended; at once if it has ended already."""
        if self.subscriber.gone:
            callback()
        elif self._endings is None:
            self._endings = [callback]
        else:
            self._endings.append(callback)

    @property
    def about(self) -> dict[str, object]:
        """Attributes of log records about the channel: ``connection``, ``client``, ``topic``.

        They are the number of the connection, the id of its user socket, and the topic.
        """
        return {"connection": self.session.number, "client": self.session.id, "topic": self.topic}

    def detach(self) -> None:
        """Unsubscribe, stop writing, and run the callbacks of `on_end`."""
        self.unsubscribe()
        if not self.subscriber.gone:
            self.session.sent += self.subscriber.sent
        self.subscriber.end()
        self.mailbox = _ENDED
        endings, self._endings = self._endings, None
        for callback in endings or ():
            try:
                callback()
            except Exception:
                text = "an on_end callback of channel %r failed"
                logger.exception(text, self.topic, extra=self.about)
