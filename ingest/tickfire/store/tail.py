"""`Tail`: reader of new stream entries, by ``XREAD BLOCK``.

There is no consumer group, as each process reads every entry. The next read is sent before the
entries of the last one are handled, so that Redis prepares a reply in the meantime.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from tickfire.base.retry import Backoff
from tickfire.store.connection import RedisConnection
from tickfire.store.entries import Entry, entries_of
from tickfire.store.errors import REDIS_ERRORS, is_move, is_outage
from tickfire.store.limits import BLOCK_MS, FIRST_RETRY_S, MAX_RETRY_S
from tickfire.store.resp import Reply, RespError, encode_command
from tickfire.store.store import Store

type OnEntries = Callable[[bytes, list[Entry], int], Awaitable[None] | None]

READ_BYTES: Final = 128 << 10
"""Approximate maximum size of the reply to one read: some 4,000 ticks. More would block the event
loop for too long and fill the sockets of clients at once."""
FEWEST_ENTRIES: Final = 16
MOST_ENTRIES: Final = 256

logger = logging.getLogger(__name__)


class Tail:
    """Reader that passes each new entry of some streams to a callback.

    Parameters
    ----------
    store : Store
    positions : mapping of bytes to bytes
        For each stream, the id after which to read. The keys must share a hash slot.
    on_entries : callable
        Called with ``(key, entries, read_ns)`` in the order of each stream; ``read_ns`` is the
        time of the read in ns since the Unix epoch. If it returns an awaitable, it is called
        again only once that is done.
    on_lost, on_live : callable, optional
        Called when the connection is lost, and when reading has begun, at first or again.
    before_reading : callable, optional
        Awaited once for each new connection. `run` ends if it returns false, as it should when
        the streams belong to another epoch.
    raises : bool
        True to raise an exception of `on_entries` from `run`. By default the exception is logged
        and the entries are skipped.

    Attributes
    ----------
    positions : dict of bytes to bytes
        For each key, the id of the last entry that was read.
    is_reading : bool
        True while a read waits for entries, or its reply is on the way.
    interruptions : int
        How often that has ended: by the loss of a connection, or as the handler was too slow.
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
        raises: bool = False,
    ) -> None:
        self._store = store
        self._keys = tuple(positions)
        self.positions = dict(positions)
        self._on_entries = on_entries
        self._on_lost = on_lost
        self._on_live = on_live
        self._before_reading = before_reading
        self._raises = raises
        self._failure: Exception | None = None
        self._held: deque[tuple[bytes, list[Entry], int]] = deque()
        self._waiting: Awaitable[None] | None = None  # the result of `on_entries`
        self._work: asyncio.Task[None] | None = None  # awaits it
        self._starved = False
        self.is_reading = False
        self.interruptions = 0
        self._ask_for(FEWEST_ENTRIES)

    async def run(self) -> None:
        """Read until cancelled or until `before_reading` returns false; reconnect after a loss."""
        backoff = Backoff(FIRST_RETRY_S, MAX_RETRY_S)
        try:
            while True:
                try:
                    connection = await self._store.connect(self._keys[0])
                except REDIS_ERRORS as error:
                    self._lost(error, is_first=not backoff.failures)
                    await self._store.pause(backoff)
                    continue
                backoff.reset()
                try:
                    if self._before_reading is not None and not await self._before_reading():
                        return
                    await self._follow(connection)
                finally:
                    connection.close()
                self._raise_failure()
                self._store.outage.begin(self._keys[0], connection.error)
                self._lost(connection.error)
                while self._work is not None:
                    await self._work  # entries already read are handled before the next read
                self._raise_failure()
                await self._store.pause(backoff)
        finally:
            if self._work is not None:
                self._work.cancel()
                _discard(self._waiting)

    async def _follow(self, connection: RedisConnection) -> None:
        """Read until the connection is lost, or the handler fails."""
        self._starved = False
        self._read(connection)
        if self._on_live is not None:
            self._on_live()
        await connection.closed.wait()
        self._interrupt()

    def _interrupt(self) -> None:
        self.interruptions += self.is_reading
        self.is_reading = False

    # --- reads
    def _read(self, connection: RedisConnection) -> None:
        words = b"".join([b"$%d\r\n%b\r\n" % (len(i), i) for i in self.positions.values()])
        connection.send_raw(self._command + words, lambda reply: self._replied(connection, reply))
        self.is_reading = True

    def _ask_for(self, count: int) -> None:
        """Encode the command up to the ids once, as it may be sent for every single entry."""
        self._count = count
        head: tuple[bytes | str | int, ...] = ("XREAD", "COUNT", count, "BLOCK", BLOCK_MS)
        head += ("STREAMS", *self._keys)
        ids = len(self._keys)
        self._command = b"*%d\r\n" % (len(head) + ids) + encode_command(*head).split(b"\r\n", 1)[1]

    def _replied(self, connection: RedisConnection, reply: Reply) -> None:
        read_ns = time.time_ns()
        if isinstance(reply, RespError):
            connection.error = reply  # such as MOVED or LOADING: reconnect later
            connection.close()
            return
        for key, entries in _streams_of(reply):
            self.positions[key] = entries[-1][0]
            self._held.append((key, entries, read_ns))
            size = sum(map(len, entries[-1][1].values()))
            count = max(FEWEST_ENTRIES, min(MOST_ENTRIES, READ_BYTES // (size + 1)))
            if count != self._count:
                self._ask_for(count)
        if self._work is not None:
            self._starved = True  # the next read is sent once the handler is done
            self._interrupt()
            return
        self._read(connection)
        self._hand_over(connection)

    # --- handing over
    def _hand_over(self, connection: RedisConnection) -> None:
        while self._held:
            try:
                waiting = self._on_entries(*self._held.popleft())
            except Exception as error:
                if self._failed(error, connection):
                    return
                continue
            if waiting is not None:
                self._waiting = waiting
                work = self._wait(waiting, connection)
                self._work = asyncio.get_running_loop().create_task(work)
                return

    async def _wait(self, waiting: Awaitable[None], connection: RedisConnection) -> None:
        failed = False
        try:
            await waiting
        except Exception as error:
            failed = self._failed(error, connection)
        self._work = None
        if failed:
            return
        if self._starved:
            self._starved = False
            self._read(connection)
        self._hand_over(connection)

    def _failed(self, error: Exception, connection: RedisConnection) -> bool:
        """Log or keep an exception of the handler; return whether it ends the reading."""
        if not self._raises:
            logger.error(
                "skipping entries of %s, whose handler failed: %r",
                self._names(),
                error,
                exc_info=error,
            )
            return False
        self._failure = error
        connection.close()
        return True

    def _raise_failure(self) -> None:
        if self._failure is not None:
            raise self._failure

    def _names(self) -> str:
        return ", ".join(key.decode() for key in self._keys)

    def _lost(self, error: Exception | None, *, is_first: bool = True) -> None:
        """Tell of a loss; the store logs those that mean an outage."""
        if is_first and error is not None and not (is_outage(error) or is_move(error)):
            logger.warning("cannot read %s (%s); trying again", self._names(), error)
        if is_first and self._on_lost is not None:
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


def _discard(waiting: Awaitable[None] | None) -> None:
    """Close a coroutine that will never be awaited, if it is one that has not begun."""
    if inspect.iscoroutine(waiting) and inspect.getcoroutinestate(waiting) == inspect.CORO_CREATED:
        waiting.close()
