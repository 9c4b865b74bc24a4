"""`Pipe`: pipelined writes of one shard, repeated until they are acknowledged.

A write is sent at once and kept until Redis acknowledges it. After a lost connection, all writes
that are not acknowledged are sent again. Their XADD ids are explicit, so Redis refuses an entry
that it already has, and nothing is stored twice. The caller limits the number of waiting writes:
it stops reading its feed while `Pipe.unacknowledged` is too high, and goes on at `on_progress`.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final

from tickfire.base.recent import Recent
from tickfire.base.retry import Backoff
from tickfire.store.connection import RedisConnection
from tickfire.store.limits import CONNECT_TIMEOUT_S
from tickfire.store.resp import Reply, RespError
from tickfire.store.schema import ticks_key
from tickfire.store.store import REDIS_ERRORS, Store
from tickfire.store.writes import TickWrite, Write

logger = logging.getLogger(__name__)

ALREADY_THERE: Final = "ERR The ID specified in XADD is equal or smaller"
FIRST_RETRY_S: Final = 0.1
MAX_RETRY_S: Final = 1.0
ACKNOWLEDGED: Final = "acknowledged"


class Pipe:
    """Ordered writes of one shard, over one connection to the node that holds it.

    Parameters
    ----------
    store : Store
    shard : int
    verify : callable
        Awaited before the first write over a new connection. If it raises one of REDIS_ERRORS,
        the connection is closed and opened again later.
    on_progress : callable
        Called after each batch of acknowledgements.

    Attributes
    ----------
    refused : int
        Number of repeated writes that Redis refused because it already had them.
    recent : Recent
        Time, in ns, from the sending of a tick entry to its acknowledgement, of the newest entry of
        each batch of acknowledgements.
    """

    def __init__(
        self,
        store: Store,
        shard: int,
        verify: Callable[[], Awaitable[None]],
        on_progress: Callable[[], None],
    ) -> None:
        self._store = store
        self._key = ticks_key(shard)
        self._verify, self._on_progress = verify, on_progress
        self._connection: RedisConnection | None = None
        self._waiting: deque[Write] = deque()
        self._progressed = False
        self._drained = asyncio.Event()
        self._newest: TickWrite | None = None
        self.refused = 0
        self.recent = Recent((ACKNOWLEDGED,))

    @property
    def unacknowledged(self) -> int:
        """Number of writes that Redis has not acknowledged."""
        return len(self._waiting)

    def send(self, write: Write) -> None:
        """Send a write now, or as soon as there is a connection."""
        self._waiting.append(write)
        if self._connection is not None:
            self._connection.send_raw(write.command(time.time_ns()), self._acknowledge)

    def reset(self) -> None:
        """Close the connection; `run` opens another and sends all waiting writes again."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def waiting(self) -> list[Write]:
        """Return the writes that Redis has not acknowledged, oldest first."""
        return list(self._waiting)

    async def flushed(self) -> None:
        """Wait until every write is acknowledged."""
        while self._waiting:
            self._drained.clear()
            await self._drained.wait()

    async def run(self) -> None:
        """Keep a connection open until cancelled."""
        backoff = Backoff(FIRST_RETRY_S, MAX_RETRY_S)
        try:
            while True:
                try:
                    connection = await self._connect()
                    await connection.closed.wait()
                    if self._connection is connection:
                        logger.warning(
                            "lost Redis (%s) while writing; reconnecting", connection.error
                        )
                except REDIS_ERRORS as error:
                    logger.warning("cannot reach Redis (%s); trying again", error)
                self._connection = None
                if self._progressed:
                    backoff.reset()
                await backoff.pause()
                await self._store.refresh()
        finally:
            self.reset()

    async def _connect(self) -> RedisConnection:
        connection = await self._store.connect(self._key, self._on_replies)
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                await self._verify()
        except BaseException:
            connection.close()
            raise
        self._connection, self._progressed = connection, False
        for write in self._waiting:
            connection.send_raw(write.command(time.time_ns()), self._acknowledge)
        return connection

    # --- replies
    def _acknowledge(self, reply: Reply) -> None:
        if self._connection is None:
            return  # a late reply on a connection that `reset` has closed
        if isinstance(reply, RespError):
            if not str(reply).startswith(ALREADY_THERE):
                logger.warning("Redis refused a write (%s); sending it again", reply)
                self.reset()
                return
            self.refused += 1
        write = self._waiting.popleft()
        if isinstance(write, TickWrite):
            self._newest = write
        self._progressed = True

    def _on_replies(self) -> None:
        if self._newest is not None:
            now = time.time_ns()
            self.recent.add(now, (now - self._newest.written,))
            self._newest = None
        if not self._waiting:
            self._drained.set()
        self._on_progress()
