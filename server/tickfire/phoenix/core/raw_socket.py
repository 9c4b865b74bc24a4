"""`PhoenixTransport`: a socket that speaks a protocol of its own, without channels."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol

from tickfire.phoenix.core.connect_info import ConnectInfo
from tickfire.phoenix.core.hub import Hub
from tickfire.phoenix.core.interfaces import does_nothing
from tickfire.phoenix.core.results import Stop
from tickfire.phoenix.wire.close_codes import CloseCode

type Answer = str | bytes | Stop | None
"""Text or bytes are sent to the client, `Stop` ends the connection, None does neither."""


class RawConnection(Protocol):
    """The connection of a `PhoenixTransport` to its client."""

    hub: Hub
    """The hub of the socket."""

    @property
    def kind(self) -> str:
        """The transport, "websocket" or "longpoll"."""

    @property
    def buffered(self) -> int:
        """Number of bytes that wait to be sent."""

    def push(self, data: str | bytes) -> None:
        """Send text or bytes to the client; nothing happens once the connection has ended."""

    def send_info(self, message: Any) -> None:
        """Put a message into the mailbox, for `handle_info`."""

    def close(self, code: int = CloseCode.NORMAL, reason: str = "") -> None:
        """Close the connection."""


class PhoenixTransport:
    """A socket without channels: one client's frames, as they are; subclass it.

    ::

        class Echo(PhoenixTransport):
            async def handle_in(self, data):
                return data

        PhoenixSocket("/echo", Echo, longpoll=LongPollOptions())

    It is served at the paths, and by the checks and limits, of any other socket. It stands for the
    behaviour `Phoenix.Socket.Transport`; the state is that of the object, one for each connection.
    Callbacks of one connection never run at the same time: what arrives meanwhile waits. An
    exception in a callback closes the connection with 1011.

    Attributes
    ----------
    connection : RawConnection
        The connection, from `init` on.
    """

    connection: RawConnection

    @classmethod
    def child_spec(cls) -> AbstractAsyncContextManager[object] | None:
        """Return a resource of the socket, which is started before its first connection.

        It is called once for each `PhoenixSocket` that is given the class.
        """
        return None

    async def connect(self, params: dict[str, Any], info: ConnectInfo) -> bool | None:
        """Accept or refuse a connection; see `UserSocket.connect`."""
        return True

    @does_nothing
    async def init(self) -> None:
        """Begin: the connection is open, and no frame has been handled."""

    async def handle_in(self, data: str | bytes) -> Answer:
        """Handle a frame: the text of a text frame, the bytes of a binary one."""
        raise NotImplementedError(f"{type(self).__name__} does not override handle_in")

    @does_nothing
    async def handle_control(self, opcode: str, payload: bytes) -> Answer:
        """Handle a "ping", which has been answered, or a "pong"; WebSockets under uvicorn only."""
        return None

    @does_nothing
    async def handle_info(self, message: Any) -> Answer:
        """Handle a message that server code sent by `RawConnection.send_info`."""
        return None

    @does_nothing
    async def terminate(self, reason: Any) -> None:
        """Clean up; called once for a connection whose `init` began, however it ends.

        Parameters
        ----------
        reason
            The reason of a `Stop`; the exception that ended it; "closed" if the connection was
            closed by either side or lost; or ``("shutdown", "restart")`` if the server shuts down.
        """
