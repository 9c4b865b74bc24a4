"""Follow streams of one slot: plain ``XREAD BLOCK`` from our own positions, for ever.

No consumer group: each worker reads everything. The next read is sent before the entries of the
last are worked on, so Redis fills the one while we do the other.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from redis.exceptions import RedisError

from tickfire.store.connection import RedisConnection
from tickfire.store.resp import Reply, RespError, encode_command
from tickfire.store.store import Store

type Entry = tuple[bytes, dict[bytes, bytes]]
"""The id of an entry, and its fields."""
type OnEntries = Callable[[bytes, list[Entry], int], Awaitable[None] | None]

BLOCK_MS: Final = 1_000
SILENCE_S: Final = 4.0
"""No byte for so long, though each read ends after BLOCK_MS: the connection is dead."""
READ_BYTES: Final = 128 << 10
"""What one read is to yield at most: some 4,000 ticks, so that neither the loop is held for long
nor the sockets get too much at once."""
FEWEST: Final = 16
MOST: Final = 256
"""Entries of one read."""
BACKOFF_FIRST_S: Final = 0.05
BACKOFF_MAX_S: Final = 2.0

logger = logging.getLogger(__name__)


def backoff_s(attempt: int) -> float:
    """Return the pause before an attempt (from 0), seconds."""
    return float(min(BACKOFF_MAX_S, BACKOFF_FIRST_S * 2 ** min(attempt, 16)))


def entries_of(reply: Reply) -> list[Entry]:
    """Return the entries of an XRANGE, or of one stream in an XREAD; others are passed over."""
    if not isinstance(reply, list):
        return []
    return [_entry(item) for item in reply if isinstance(item, list) and len(item) == 2]


def _entry(item: list[Any]) -> Entry:
    flat = item[1] or ()  # null where XDEL took it
    return item[0], dict(zip(flat[::2], flat[1::2], strict=True))


class Tail:
    """Reads streams on from given positions and hands over what comes.

    Parameters
    ----------
    store : Store
    positions : mapping of bytes to bytes
        Keys of one slot, and the id after which to read each.
    on_entries : callable
        ``(key, entries, read_ns)``, called in the order of the stream. If it returns an
        awaitable, nothing more is handed over before that is done.
    on_lost, on_live : callable
        The connection was lost; it stands again.
    before_reading : callable
        Awaited with each new connection; false ends the tail: what it read is no more.
    """

    def __init__(
        self,
        store: Store,
        positions: Mapping[bytes, bytes],
        on_entries: OnEntries,
        *,
        on_lost: Callable[[], None] | None = None,
        on_live: Callable[[], None] | None = None,
        before_reading: Callable[[], Awaitable[bool]] | None = None,
    ) -> None:
        self._store = store
        self._keys = tuple(positions)
        self.positions = dict(positions)
        self._on_entries = on_entries
        self._on_lost = on_lost
        self._on_live = on_live
        self._before_reading = before_reading
        self._held: deque[tuple[bytes, list[Entry], int]] = deque()
        self._work: asyncio.Task[None] | None = None  # a handler that must wait for something
        self._starved = False
        self._ask_for(FEWEST)

    async def run(self) -> None:
        """Read until cancelled, or told to end; a lost Redis is waited for."""
        attempt = 0
        try:
            while True:
                if attempt:
                    await asyncio.sleep(backoff_s(attempt))
                    await self._refresh()
                try:
                    connection = await self._store.connect(self._keys[0])
                except (OSError, TimeoutError, RespError, RedisError) as error:
                    self._lost(attempt, error)
                    attempt += 1
                    continue
                if attempt:
                    logger.info("Redis answers again: reading on %s", self._names())
                try:
                    if self._before_reading is not None and not await self._before_reading():
                        return
                    await self._follow(connection)
                finally:
                    connection.close()
                self._lost(0, connection.error or ConnectionError("closed"))
                while self._work is not None:
                    await self._work  # what was read is handed over before we read on
                attempt = 1
        finally:
            if self._work is not None:
                self._work.cancel()

    async def _refresh(self) -> None:
        try:
            await self._store.refresh()
        except (OSError, TimeoutError, RedisError) as error:
            logger.debug("the Cluster does not say who holds what: %s", error)

    async def _follow(self, connection: RedisConnection) -> None:
        self._starved = False
        self._read(connection)
        if self._on_live is not None:
            self._on_live()
        received = -1
        while not connection.closed.is_set():
            try:
                async with asyncio.timeout(SILENCE_S):
                    await connection.closed.wait()
            except TimeoutError:
                if connection.received == received and self._work is None:
                    connection.error = TimeoutError(f"silent for {SILENCE_S:g} s")
                    return
                received = connection.received

    def _read(self, connection: RedisConnection) -> None:
        words = b"".join([b"$%d\r\n%b\r\n" % (len(i), i) for i in self.positions.values()])
        connection.send_raw(self._command + words, lambda reply: self._replied(connection, reply))

    def _ask_for(self, count: int) -> None:
        """Prepare the command, all but the ids: it is sent for each entry when there is time."""
        self._count = count
        head: tuple[bytes | str | int, ...] = ("XREAD", "COUNT", count, "BLOCK", BLOCK_MS)
        head += ("STREAMS", *self._keys)
        ids = len(self._keys)
        self._command = b"*%d\r\n" % (len(head) + ids) + encode_command(*head).split(b"\r\n", 1)[1]

    def _replied(self, connection: RedisConnection, reply: Reply) -> None:
        read_ns = time.time_ns()
        if isinstance(reply, RespError):
            connection.error = reply  # MOVED, LOADING, READONLY: come back later
            connection.close()
            return
        for key, entries in _streams_of(reply):
            self.positions[key] = entries[-1][0]
            self._held.append((key, entries, read_ns))
            size = sum(map(len, entries[-1][1].values()))
            count = max(FEWEST, min(MOST, READ_BYTES // (size + 1)))
            if count != self._count:
                self._ask_for(count)
        if self._work is not None:
            self._starved = True  # one reply may wait behind a handler, no more
            return
        self._read(connection)
        self._hand_over(connection)

    def _hand_over(self, connection: RedisConnection) -> None:
        while self._held:
            waiting = self._on_entries(*self._held.popleft())
            if waiting is not None:
                work = self._wait(waiting, connection)
                self._work = asyncio.get_running_loop().create_task(work)
                return

    async def _wait(self, waiting: Awaitable[None], connection: RedisConnection) -> None:
        try:
            await waiting
        except Exception:
            logger.exception("entries of %s were not taken", self._names())
        self._work = None
        if self._starved:
            self._starved = False
            self._read(connection)
        self._hand_over(connection)

    def _names(self) -> str:
        return ", ".join(key.decode() for key in self._keys)

    def _lost(self, attempt: int, error: Exception) -> None:
        if attempt == 0:
            logger.warning("lost Redis (%s): %s will be read on", error, self._names())
            if self._on_lost is not None:
                self._on_lost()


def _streams_of(reply: Reply) -> list[tuple[bytes, list[Entry]]]:
    if not isinstance(reply, list):
        return []
    found = []
    for item in reply:
        if isinstance(item, list) and isinstance(item[0], bytes):
            entries = entries_of(item[1])
            if entries:
                found.append((item[0], entries))
    return found
