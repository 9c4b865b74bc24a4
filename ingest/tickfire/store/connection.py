"""One connection to one Redis: commands out, replies to callbacks, no task and no queue between.

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
    """Commands and replies in order; errors are replies too.

    Attributes
    ----------
    closed : asyncio.Event
        Set once the connection is gone; `error` says why, if anything is known.
    received : int
        Bytes read so far: a sign of life.
    """

    def __init__(self) -> None:
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
        """Hand each complete reply to whom it belongs."""
        self.received += len(data)
        try:
            replies = self._parser.feed(data)
        except RespProtocolError as error:
            self.error = error
            self.close()
            return
        for reply in replies:
            if not self._waiting:
                self.error = RespProtocolError("a reply that nobody asked for")
                self.close()
                return
            _deliver(self._waiting.popleft(), reply)

    def connection_lost(self, exc: Exception | None) -> None:
        """Fail what waits."""
        self.error = self.error or exc
        self.closed.set()
        waiting, self._waiting = self._waiting, deque()
        for waiter in waiting:
            if isinstance(waiter, asyncio.Future) and not waiter.done():
                waiter.set_exception(ConnectionLost(str(self.error or "Redis closed it")))

    # --- for the readers
    @property
    def is_open(self) -> bool:
        """Whether commands can be sent."""
        return self._transport is not None and not self._transport.is_closing()

    def send_raw(self, command: bytes, on_reply: OnReply) -> None:
        """Send an encoded command; `on_reply` is not called if the connection is lost before."""
        if self._transport is None or self._transport.is_closing():
            return
        self._waiting.append(on_reply)
        self._transport.write(command)

    async def command(self, *parts: bytes | str | int) -> Reply:
        """Send a command and return its reply.

        Raises
        ------
        RespError
            Redis refused.
        ConnectionLost
            The connection is gone.
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
