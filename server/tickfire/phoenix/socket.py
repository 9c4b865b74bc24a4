"""The socket of a channel: its topic, its state, and its ways to reach clients."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from tickfire.phoenix.core.hub import Hub
from tickfire.phoenix.core.interfaces import UserSocketLike
from tickfire.phoenix.core.outlet import ChannelOutlet
from tickfire.phoenix.core.results import Reply
from tickfire.phoenix.core.subscriber import Subscriber
from tickfire.phoenix.wire.close_codes import CloseCode

__all__ = ["Socket", "SocketRef"]


@dataclass(frozen=True, slots=True)
class SocketRef:
    """A push that is still to be answered."""

    ref: Any


class Socket:
    """One channel's socket: its topic, its state, and its ways to reach clients.

    Attributes
    ----------
    outlet : ChannelOutlet
        Lanes, finished frames and flow control, for channels that need more than the methods here.
    """

    __slots__ = ("outlet",)

    def __init__(self, outlet: ChannelOutlet) -> None:
        self.outlet = outlet

    # --- the channel
    @property
    def topic(self) -> str:
        """The topic that was joined."""
        return self.outlet.topic

    @property
    def join_ref(self) -> Any:
        """The ref of the join."""
        return self.outlet.join_ref

    @property
    def ref(self) -> Any:
        """The ref of the push that is being handled."""
        return self.outlet.ref

    @property
    def assigns(self) -> dict[str, Any]:
        """The channel's own state; it begins as a copy of the user socket's."""
        return self.outlet.assigns

    # --- the connection
    @property
    def user_socket(self) -> UserSocketLike:
        """The `UserSocket` of the connection."""
        return self.outlet.session.user_socket

    @property
    def params(self) -> dict[str, Any]:
        """The connect params."""
        return self.outlet.session.params

    @property
    def id(self) -> str | None:
        """The id that the user socket gave to the connection."""
        return self.outlet.session.id

    @property
    def subscriber(self) -> Subscriber:
        """The channel's subscriber in the hub, for `Hub.broadcast(exclude=)`."""
        return self.outlet.subscriber

    @property
    def hub(self) -> Hub:
        """The hub that the connection belongs to."""
        return self.outlet.session.hub

    @property
    def vsn(self) -> str:
        """The version of the protocol that the client speaks, "v1", "v2" or a serializer's own."""
        return self.outlet.session.serializer.vsn

    @property
    def transport(self) -> str:
        """The transport of the connection, "websocket" or "longpoll"."""
        return self.outlet.session.transport.kind

    # --- to this client
    def push(self, event: str, payload: Any, *, topic: str | None = None) -> None:
        """Send an event to this client.

        Parameters
        ----------
        event
            The event.
        payload : map, or bytes
            Bytes go out as a binary push. A client of vsn 1.0.0 takes any JSON value, but no bytes.
        topic
            Another topic than the channel's own. The event has no join_ref, as a broadcast has
            none, so phoenix.js gives it to the channel that it has joined on that topic, if any.

        Raises
        ------
        TypeError
            If the client's version of the protocol cannot carry the payload.
        """
        self.outlet.push(event, payload, topic)

    def socket_ref(self) -> SocketRef:
        """Return a reference to the push that is being handled, to answer it later by `reply`."""
        return SocketRef(self.outlet.ref)

    def reply(self, ref: SocketRef, reply: Reply) -> None:
        """Answer a push; from anywhere, at any time, as often as you like."""
        self.outlet.reply_to(ref.ref, reply)

    # --- to all subscribers
    def broadcast(self, event: str, payload: Any) -> Awaitable[None]:
        """Send an event to all subscribers of the topic, this one included, on all nodes.

        Subscribers on this node have it when the call returns; await the result to wait until it
        has been handed over for the other nodes. See `Hub.broadcast_async`.
        """
        outlet = self.outlet
        return outlet.session.hub.broadcast_async(outlet.topic, event, payload)

    def broadcast_from(self, event: str, payload: Any) -> Awaitable[None]:
        """Send an event to all other subscribers of the topic, on all nodes; see `broadcast`."""
        return self.hub.broadcast_from(self, self.topic, event, payload)

    # --- to the channel itself
    def send_info(self, message: Any) -> None:
        """Put a message into the channel's own mailbox, for `handle_info`."""
        self.outlet.mailbox.send_info(message)

    # --- the end
    def on_end(self, callback: Callable[[], None]) -> None:
        """Call back once, when the channel has ended; at once if it has already."""
        self.outlet.on_end(callback)

    def close(self, code: int = CloseCode.NORMAL, reason: str = "") -> None:
        """Close the whole connection with this code, and a reason of at most 123 bytes."""
        self.outlet.session.close(code, reason)

    def abort(self) -> None:
        """Cut the whole connection, without a close frame."""
        self.outlet.session.transport.abort()
