"""What a channel sees of its connection."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tickfire.phoenix.core.subscriber import Subscriber
from tickfire.phoenix.results import Reply

if TYPE_CHECKING:
    from tickfire.phoenix.core.hub import Hub
    from tickfire.phoenix.core.session import Session
    from tickfire.phoenix.user_socket import UserSocket

__all__ = ["Socket", "SocketRef"]

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SocketRef:
    """A push that is still to be answered."""

    ref: Any


class Socket:
    """One channel's socket: its topic, its state, its ways to the client and to all subscribers.

    Attributes
    ----------
    topic : str
    join_ref, ref
        Of the join, and of the push that is being handled.
    assigns : dict
        The channel's own state; begins as a copy of the user socket's.
    subscriber : Subscriber
        The channel's outlet, for `Hub.broadcast(exclude=)`.
    """

    __slots__ = (
        "_assigns", "_endings", "_lane", "_mailbox", "_session", "join_ref", "ref", "subscriber",
        "topic",
    )  # fmt: skip

    def __init__(
        self,
        session: Session,
        topic: str,
        join_ref: Any,
        ref: Any,
        send_info: Callable[[Any], None],
    ) -> None:
        self._session = session
        self._assigns: dict[str, Any] | None = None
        self._mailbox = send_info
        self._endings: list[Callable[[], None]] | None = None
        self.topic = topic
        # Phoenix lets the ref of the join stand in for a join_ref of null.
        self.join_ref = ref if join_ref is None else join_ref
        self.ref = ref
        self.subscriber: Subscriber = session.hub.subscriber(session.transport)
        self._lane: str | None = None

    def subscribe(
        self, intercepted: Collection[str], intercept: Callable[[str, Any], None]
    ) -> None:
        """Take the topic's broadcasts, as the client's version has them; the library calls this."""
        session = self._session
        if intercepted:
            self._lane = session.hub.lane_without(session.serializer, intercepted)
            session.hub.intercept(self.topic, self.subscriber, intercept)
            self.on_end(lambda: session.hub.unintercept(self.topic, self.subscriber))
        else:
            self._lane = session.serializer.lane
        session.hub.subscribe(self.topic, self._lane, self.subscriber)

    # --- the connection
    @property
    def assigns(self) -> dict[str, Any]:
        """The channel's own state."""
        if self._assigns is None:
            self._assigns = dict(self._session.user_socket.assigns)
        return self._assigns

    @property
    def user_socket(self) -> UserSocket:
        """What the connection's user is represented by."""
        return self._session.user_socket

    @property
    def params(self) -> dict[str, Any]:
        """The connect params."""
        return self._session.params

    @property
    def id(self) -> str | None:
        """The id that the user socket gave this connection."""
        return self._session.id

    @property
    def hub(self) -> Hub:
        """The hub that this connection is on."""
        return self._session.hub

    @property
    def vsn(self) -> str:
        """The version of the protocol that the client speaks, "v1" or "v2"."""
        return self._session.serializer.vsn

    # --- the lane
    @property
    def lane(self) -> str | None:
        """Which encoding of the topic's broadcasts the client gets; None for none."""
        return self._lane

    @lane.setter
    def lane(self, lane: str | None) -> None:
        if lane == self._lane:
            return
        self.unsubscribe()
        self._session.hub.unintercept(self.topic, self.subscriber)
        self.subscriber.forget_held()
        self._lane = lane
        if lane is not None:
            self._session.hub.subscribe(self.topic, lane, self.subscriber)

    def unsubscribe(self) -> None:
        """Leave the hub; what is sent to this client alone still reaches it."""
        if self._lane is not None:
            self._session.hub.unsubscribe(self.topic, self._lane, self.subscriber)
            self._lane = None

    # --- to this client
    def push(self, event: str, payload: Any) -> None:
        """Send an event to this client; bytes go out as a binary push.

        Raises
        ------
        TypeError
            if the client's version of the protocol cannot carry the payload
        """
        encode = self._session.serializer.encode_push
        self.subscriber.send(encode(self.join_ref, self.topic, event, payload))

    def write(self, frames: bytes) -> None:
        """Send finished frames to this client."""
        self.subscriber.send(frames)

    def socket_ref(self) -> SocketRef:
        """Return the push that is being handled, to be answered later by `reply`."""
        return SocketRef(self.ref)

    def reply(self, ref: SocketRef, reply: Reply) -> None:
        """Answer a push; from anywhere, at any time, as often as you like."""
        self.reply_to(ref.ref, reply)

    def reply_to(self, ref: Any, reply: Reply) -> None:
        """Answer the push with this ref; the library calls this."""
        encode = self._session.serializer.encode_reply
        self.subscriber.send(encode(self.join_ref, ref, self.topic, reply.status, reply.response))

    # --- to all subscribers
    async def broadcast(self, event: str, payload: Any) -> None:
        """Send an event to all subscribers of the topic, this one included, on all nodes."""
        await self.hub.broadcast_everywhere(self.topic, event, payload)

    async def broadcast_from(self, event: str, payload: Any) -> None:
        """Send an event to all other subscribers of the topic, on all nodes."""
        await self.hub.broadcast_everywhere(self.topic, event, payload, exclude=self.subscriber)

    # --- to the channel itself
    def send_info(self, message: Any) -> None:
        """Put a message into the channel's own mailbox, for `handle_info`."""
        self._mailbox(message)

    # --- flow
    @property
    def buffered(self) -> int:
        """Bytes that wait to be sent to this client, whatever channel they are of."""
        return self._session.transport.buffered()

    @property
    def on_overflow(self) -> Callable[[int], None] | None:
        """Called instead of a write of the hub while the connection is over its high-water mark.

        Its argument is how many of the latest writes to this socket's lane the client is not given:
        what came now, and what waits behind it.
        """
        return self.subscriber.on_overflow

    @on_overflow.setter
    def on_overflow(self, callback: Callable[[int], None] | None) -> None:
        self.subscriber.on_overflow = callback

    def on_writable(self, callback: Callable[[], None]) -> None:
        """Call back once, when the connection has drained below its low-water mark."""
        self._session.on_writable(callback)

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
        """End the channel's outlet; the library calls this."""
        self.unsubscribe()
        self.subscriber.end()
        endings, self._endings = self._endings, None
        for callback in endings or ():
            try:
                callback()
            except Exception:
                logger.exception("a callback at the end of %r failed", self.topic)

    def close(self, code: int = 1000) -> None:
        """Close the whole connection with this code."""
        self._session.close(code)

    def abort(self) -> None:
        """Cut the whole connection, without a close frame."""
        self._session.transport.abort()
