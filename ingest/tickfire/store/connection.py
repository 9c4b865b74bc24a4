"""`RedisConnection`: commands out, replies to callbacks, with no task and no queue in between.

A reply is parsed in `data_received` and handed on in the same step of the loop, so that a tick
spends no time waiting for a task to be scheduled.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import cast

from tickfire.store.resp import (
    Reply,
    RespError,
    RespParser,
    RespProtocolError,
    encode_command,
)

type OnReply = Callable[[Reply], None]


class ConnectionLost(ConnectionError):
    """The connection ended before the reply came."""


class RedisConnection(asyncio.Protocol):
    """A connection over which replies come in the order of the commands; errors are replies too.

    Parameters
    ----------
    on_replies : callable, optional
        Called once after all replies of one read have been delivered.

    Attributes
    ----------
    closed : asyncio.Event
        Set once the connection is gone.
    error : Exception or None
        The reason for which it is gone, if it is known.
    received : int
        Bytes read so far: a sign of life.
    """

    def __init__(self, on_replies: Callable[[], None] | None = None) -> None:
        self._on_replies = on_replies
        self.closed = asyncio.Event()
        self.error: Exception | None = None
        self.received = 0
        self._parser = RespParser()
        self._waiting: deque[OnReply | asyncio.Future[Reply]] = deque()
        self._transport: asyncio.Transport | None = None

    # --- asyncio.Protocol
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is no subclass

    def data_received(self, data: bytes) -> None:
        """Deliver each complete reply to the caller that waits for it."""
        self.received += len(data)
        try:
            replies = self._parser.feed(data)
        except RespProtocolError as error:
            self.error = error
            self.close()
            return
        for reply in replies:
            if not self._waiting:
                self.error = RespProtocolError("a reply to no command")
                self.close()
                return
            _deliver(self._waiting.popleft(), reply)
        if self._on_replies is not None and replies:
            self._on_replies()

    def connection_lost(self, exc: Exception | None) -> None:
        """Fail the commands that wait for a reply."""
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
        """Whether commands can be sent."""
        return self._transport is not None and not self._transport.is_closing()

    def send_raw(self, command: bytes, on_reply: OnReply) -> None:
        """Send an encoded command; if the connection is lost first, `on_reply` is never called."""
        if self._transport is None or self._transport.is_closing():
            return
        self._waiting.append(on_reply)
        self._transport.write(command)

    async def command(self, *parts: bytes | str | int) -> Reply:
        """Send a command and return its reply.

        Raises
        ------
        RespError
            Redis refused the command.
        ConnectionLost
            The connection was lost before the reply came.
        """
        if self._transport is None or self._transport.is_closing():
            raise ConnectionLost("not connected")
        waiter: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._waiting.append(waiter)
        self._transport.write(encode_command(*parts))
        reply = await waiter
        if isinstance(reply, RespError):
            raise reply
        return reply

    def close(self) -> None:
        """Drop the connection."""
        if self._transport is not None:
            self._transport.abort()


def _deliver(waiter: OnReply | asyncio.Future[Reply], reply: Reply) -> None:
    if not isinstance(waiter, asyncio.Future):
        waiter(reply)
    elif not waiter.done():
        waiter.set_result(reply)
