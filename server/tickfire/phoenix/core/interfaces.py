"""Interfaces between a session and its surroundings: the transport below, the application above.

`Channel` and `UserSocket`, which applications subclass, implement `ChannelLike` and
`UserSocketLike`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, Protocol

from tickfire.phoenix.core.connect_info import ConnectInfo


class Transport(Protocol):
    """The connection that a session writes to."""

    kind: str
    """ "websocket" or "longpoll", as in `ConnectInfo.transport`; "channel_test" in the test kit."""

    write: Callable[[bytes], None]
    """Send finished frames."""

    def buffered(self) -> int:
        """Return the number of bytes that wait to be sent."""

    def close(self, code: int, reason: str = "") -> None:
        """Close the connection cleanly with a close code; nothing may be written afterwards."""

    def abort(self) -> None:
        """Drop the connection without a close frame."""

    def pause_reading(self) -> None:
        """Pause reading from the client."""

    def resume_reading(self) -> None:
        """Resume reading from the client."""


class ClientSession(Protocol):
    """The server's side of one client, as a transport sees it."""

    closed: bool
    congested: bool

    def receive(self, data: bytes, binary: bool) -> None:
        """Handle the payload of one frame from the client."""

    def control(self, opcode: str, payload: bytes) -> None:
        """Handle a "ping" or "pong" from the client."""

    def set_congested(self, congested: bool) -> None:
        """Record whether the transport is congested."""

    async def settled(self) -> None:
        """Wait until the frames so far have been handled."""

    def close(self, code: int, reason: str = "") -> None:
        """Close the connection with a close code."""

    def lost(self) -> None:
        """End the session because the connection has ended."""


class ChannelLike(Protocol):
    """Callbacks of one topic joined by one client; see `tickfire.phoenix.Channel`."""

    topic_params: Mapping[str, str]
    """Values of the parameters in the topic pattern."""

    @property
    def intercept(self) -> Collection[str]:
        """Broadcast events that go through `handle_out`."""

    async def join(self, topic: str, payload: Any, socket: Any, *args: Any, **params: Any) -> Any:
        """Accept or refuse a join, and return the response."""

    async def handle_in(self, event: str, payload: Any, socket: Any) -> Any:
        """Handle a push from the client."""

    async def handle_info(self, message: Any, socket: Any) -> Any:
        """Handle a message from server code."""

    async def handle_out(self, event: str, payload: Any, socket: Any) -> Any:
        """Handle an intercepted broadcast."""

    async def terminate(self, reason: Any, socket: Any) -> None:
        """Clean up after the channel has ended."""


class ConnectionLike(Protocol):
    """An open connection, as its user socket sees it; see `UserSocket.opened`."""

    def bytes_sent(self) -> int:
        """Return the bytes that were written to the client, or were left out as it was slow."""

    def disconnect(self) -> None:
        """Close the connection as `Hub.disconnect` does."""

    def end_channels(self, permits: Callable[[str], bool], reason: str) -> None:
        """End the channels of the topics that are not permitted, and tell the client why."""

    def rename(self, id: str | None) -> None:
        """Change the topic on which the connection can be closed."""


class UserSocketLike(Protocol):
    """The user of one connection; see `tickfire.phoenix.UserSocket`."""

    assigns: dict[str, Any]

    @property
    def channels(self) -> Mapping[str, Callable[[], ChannelLike]]:
        """Mapping of topic patterns to channel factories."""

    async def connect(self, params: dict[str, Any], info: ConnectInfo) -> bool | None:
        """Accept or refuse the connection."""

    def id(self) -> str | None:
        """Return the topic on which the connection can be closed, or None."""

    def authorize(self, topic: str) -> None:
        """Accept the join of a topic, or raise JoinError."""

    def opened(self, connection: ConnectionLike) -> None:
        """Take note of the connection, which is open now."""

    def closed(self) -> None:
        """Take note that the connection has ended."""


def does_nothing[F: Callable[..., Any]](callback: F) -> F:
    """Mark a default callback, which need not be called unless it is overridden."""
    callback.does_nothing = True  # type: ignore[attr-defined]
    return callback


def is_overridden(callback: Callable[..., Any]) -> bool:
    """Return whether a callback differs from the default marked by `does_nothing`."""
    return not getattr(callback, "does_nothing", False)
