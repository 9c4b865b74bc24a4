"""A pipelined connection to the Redis node of one shard.

Entries go out at once and wait for their acknowledgement in order. Over a lost connection all
that is not acknowledged is written again: XADD ids are explicit, so what had arrived is refused
and nothing is there twice. How many may wait is bounded by the caller, who stops reading its feed
(`Pipe.unacknowledged`, `on_progress`).
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final

from redis.exceptions import RedisError

from tickfire.store.entries import Entry
from tickfire.store.resp import RespError, RespParser, RespProtocolError, encode_command

logger = logging.getLogger(__name__)

ALREADY_THERE: Final = "ERR The ID specified in XADD is equal or smaller"
RETRY_S: Final = 0.1
RETRY_MAX_S: Final = 1.0
CONNECT_TIMEOUT_S: Final = 5.0


class Node:
    """Where a shard lives, and how to be let in.

    Attributes
    ----------
    host, port : str, int
        Of the node.
    username, password : str or None
        For AUTH.
    database : int
        For SELECT.
    tls : bool
        Whether to speak TLS.
    """

    def __init__(
        self,
        host: str,
        port: int,
        username: str | None = None,
        password: str | None = None,
        database: int = 0,
        tls: bool = False,
    ) -> None:
        self.host, self.port, self.tls = host, port, tls
        self.greeting: list[bytes] = []
        if password is not None:
            names = [username.encode()] if username else []
            self.greeting.append(encode_command(b"AUTH", *names, password.encode()))
        if database:
            self.greeting.append(encode_command(b"SELECT", database))


class Pipe(asyncio.Protocol):
    """Entries of one shard, in order, to its node.

    Parameters
    ----------
    locate : () -> awaitable of Node
        Asked before each connection, since a cluster may have moved the shard.
    verify : () -> awaitable
        Called before anything is written over a new connection; it raises to try again later.
    on_progress : () -> None
        Called after acknowledgements.
    """

    def __init__(
        self,
        locate: Callable[[], Awaitable[Node]],
        verify: Callable[[], Awaitable[None]],
        on_progress: Callable[[], None],
    ) -> None:
        self._locate, self._verify, self._on_progress = locate, verify, on_progress
        self._transport: asyncio.Transport | None = None
        self._parser = RespParser()
        self._waiting: deque[Entry] = deque()
        self._greetings = 0
        self._live = False
        self._progressed = False
        self._lost = asyncio.Event()
        self._drained = asyncio.Event()
        self.refused = 0
        """Entries written again that Redis already had."""

    @property
    def unacknowledged(self) -> int:
        """Entries that wait for their acknowledgement."""
        return len(self._waiting)

    def send(self, entry: Entry) -> None:
        """Write an entry, now or as soon as there is a connection."""
        self._waiting.append(entry)
        if self._live and self._transport is not None:
            self._transport.write(entry.command())

    def reset(self) -> None:
        """Drop the connection; `run` makes another and writes everything again."""
        self._drop()
        self._lost.set()

    def entries(self) -> list[Entry]:
        """Return what is not acknowledged, oldest first."""
        return list(self._waiting)

    async def flushed(self) -> None:
        """Wait until all is acknowledged."""
        while self._waiting:
            self._drained.clear()
            await self._drained.wait()

    async def run(self) -> None:
        """Keep a connection until cancelled."""
        delay = RETRY_S / 2
        try:
            while True:
                try:
                    await asyncio.wait_for(self._connect(), CONNECT_TIMEOUT_S)
                    await self._lost.wait()
                except (OSError, TimeoutError, RedisError) as error:
                    logger.warning("Redis cannot be reached (%s); trying again", error)
                delay = RETRY_S if self._progressed else min(2 * delay, RETRY_MAX_S)
                self._progressed = False
                await asyncio.sleep(delay)
        finally:
            self._drop()

    async def _connect(self) -> None:
        self._drop()
        node = await self._locate()
        await self._verify()
        self._lost = asyncio.Event()
        self._parser = RespParser()
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_connection(
            lambda: self, node.host, node.port, ssl=True if node.tls else None
        )
        self._transport = transport
        self._greetings = len(node.greeting)
        self._live, self._progressed = True, False
        transport.writelines([*node.greeting, *(entry.command() for entry in self._waiting)])

    def _drop(self) -> None:
        self._live = False
        if self._transport is not None:
            self._transport.abort()
            self._transport = None

    # --- asyncio.Protocol
    def data_received(self, data: bytes) -> None:
        """Take acknowledgements."""
        if not self._live:
            return
        try:
            for reply in self._parser.feed(data):
                self._acknowledge(reply)
        except (RespProtocolError, RespError) as error:
            logger.warning("Redis refused a write (%s); writing it again", error)
            self.reset()
            return
        if not self._waiting:
            self._drained.set()
        self._on_progress()

    def _acknowledge(self, reply: object) -> None:
        if isinstance(reply, RespError):
            if not str(reply).startswith(ALREADY_THERE):
                raise reply
            self.refused += 1
        if self._greetings:
            self._greetings -= 1
        else:
            self._waiting.popleft()
            self._progressed = True

    def connection_lost(self, exc: Exception | None) -> None:
        """Have `run` connect again."""
        if self._live:
            logger.warning("the connection to Redis was lost (%s)", exc or "closed")
        self._live = False
        self._lost.set()
