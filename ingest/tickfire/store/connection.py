"""`RedisConnection`: an asyncio protocol that passes replies of Redis straight to callbacks.

Replies are parsed and delivered in `data_received`, without a task or queue in between, so that a
tick does not wait for a task to be scheduled.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final, cast

from tickfire.store.resp import (
    Reply,
    RespError,
    RespParser,
    RespProtocolError,
    encode_command,
)

type OnReply = Callable[[Reply], None]

ASKING: Final = encode_command("ASKING")


class ConnectionLost(ConnectionError):
    """Raised when the connection is lost before the reply arrives."""


class RedisConnection(asyncio.Protocol):
    """A pipelined connection to Redis: replies arrive in the order of the commands.

    Parameters
    ----------
    on_replies : callable, optional
        Called after all replies of one read from the socket have been delivered.
    asking : bool
        Whether to send ASKING before each command, as a node of a Cluster wants it that takes over
        a slot.

    Attributes
    ----------
    closed : asyncio.Event
        Set once the connection is lost or closed.
    error : Exception or None
        The reason why the connection was lost; None if unknown.
    received : int
        Number of bytes received so far.
    """

    def __init__(
        self, on_replies: Callable[[], None] | None = None, *, asking: bool = False
    ) -> None:
        self._on_replies = on_replies
        self._asking = asking
        self.closed = asyncio.Event()
        self.error: Exception | None = None
        self.received = 0
        self._parser = RespParser()
        self._waiting: deque[OnReply | asyncio.Future[Reply]] = deque()
        self._transport: asyncio.Transport | None = None

    # --- asyncio.Protocol
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop's class is not a subclass

    def data_received(self, data: bytes) -> None:
        """Deliver each complete reply to the sender of its command."""
        self.received += len(data)
        try:
            replies = self._parser.feed(data)
        except RespProtocolError as error:
            self.error = error
            self.close()
            return
        for reply in replies:
            if not self._waiting:
                self.error = RespProtocolError("a reply came without a command")
                self.close()
                return
            _deliver(self._waiting.popleft(), reply)
        if self._on_replies is not None and replies:
            self._on_replies()

    def connection_lost(self, exc: Exception | None) -> None:
        """Raise `ConnectionLost` in each `command` that waits for a reply."""
        self.error = self.error or exc
        self.closed.set()
        waiting, self._waiting = self._waiting, deque()
        for waiter in waiting:
            if isinstance(waiter, asyncio.Future) and not waiter.done():
                waiter.set_exception(
                    ConnectionLost(str(self.error or "Redis closed the connection"))
                )

    # --- commands
    @property
    def is_open(self) -> bool:
        """True while commands can be sent."""
        return self._transport is not None and not self._transport.is_closing()

    @property
    def is_waiting(self) -> bool:
        """True while a reply is to come."""
        return bool(self._waiting)

    def send_raw(self, command: bytes, on_reply: OnReply) -> None:
        """Send an encoded command and pass its reply, which may be a `RespError`, to `on_reply`.

        If the connection is lost first, `on_reply` is never called.
        """
        if self._transport is None or self._transport.is_closing():
            return
        self._send(self._transport, command, on_reply)

    async def command(self, *parts: bytes | memoryview | str | int) -> Reply:
        """Send a command and return its reply.

        Raises
        ------
        RespError
            Redis answered with an error.
        ConnectionLost
            The connection is closed, or was lost before the reply arrived.
        """
        if self._transport is None or self._transport.is_closing():
            raise ConnectionLost("not connected")
        waiter: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._send(self._transport, encode_command(*parts), waiter)
        reply = await waiter
        if isinstance(reply, RespError):
            raise reply
        return reply

    def _send(
        self, transport: asyncio.Transport, command: bytes, waiter: OnReply | asyncio.Future[Reply]
    ) -> None:
        if self._asking:
            self._waiting.append(_ignore)
            command = ASKING + command
        self._waiting.append(waiter)
        transport.write(command)

    def close(self) -> None:
        """Close the connection at once, without waiting for replies."""
        if self._transport is not None:
            self._transport.abort()


def _ignore(reply: Reply) -> None:
    """Take the reply to ASKING."""


def _deliver(waiter: OnReply | asyncio.Future[Reply], reply: Reply) -> None:
    if not isinstance(waiter, asyncio.Future):
        waiter(reply)
    elif not waiter.done():
        waiter.set_result(reply)
