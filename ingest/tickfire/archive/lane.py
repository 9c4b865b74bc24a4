"""`Lane`: the streams of one slot, followed and written in batches.

The ticks, bars, books and tops of one stream of a feed are one lane; so are the streams of news,
and that of signals. While files cannot be written, a lane stops to read: Redis holds the entries
that come, as far as its streams reach, and the live path does not notice.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine, Iterable, Sequence
from typing import Any, Final, Protocol

from tickfire.archive.names import Id
from tickfire.archive.pending import Pending, Rotation
from tickfire.archive.tables import BARS, BOOKS, TICKS, TOPS
from tickfire.archive.writer import TableWriter
from tickfire.base.retry import Backoff, retry
from tickfire.store.entries import NO_ID, Entry, entries_of, id_parts, ticks_of
from tickfire.store.epoch import Epoch
from tickfire.store.limits import FIRST_RETRY_S, MAX_RETRY_S
from tickfire.store.requests import RedisUnavailable, Requests, is_told
from tickfire.store.schema import BAR, BOOK, TICK, TOP
from tickfire.store.store import Store
from tickfire.store.tail import Tail

ROW_SIZES: Final = {
    name: dtype.itemsize for name, dtype in ((TICKS, TICK), (BARS, BAR), (BOOKS, BOOK), (TOPS, TOP))
}
LOOK_S: Final = 0.5
"""Interval at which a lane looks whether a batch is old enough."""

logger = logging.getLogger(__name__)


class Keeper(Protocol):
    """Whoever runs the lanes."""

    rotation: Rotation

    async def write(self, writer: TableWriter, pending: Pending, *, is_over: bool = False) -> None:
        """Write a batch, of an epoch that is over or not, however long the target refuses."""

    async def is_current(self, epoch: Epoch) -> bool:
        """Return whether Redis holds an epoch; false also if it cannot be asked now."""


class Lane:
    """The streams of one slot.

    Parameters
    ----------
    store : Store
    writers : mapping of bytes to TableWriter
        For each key, the writer of its table.
    keeper : Keeper
    epoch : Epoch or None
        The epoch of the streams, None if they belong to no feed.
    """

    def __init__(
        self,
        store: Store,
        writers: dict[bytes, TableWriter],
        keeper: Keeper,
        epoch: Epoch | None = None,
    ) -> None:
        self.epoch = epoch
        self._store = store
        self._writers = writers
        self._keeper = keeper
        self._pending = {key: Pending() for key in writers}
        self._writing = asyncio.Lock()
        self._batch: Pending | None = None
        self._work: asyncio.Task[None] | None = None
        self._tail = Tail(store, dict.fromkeys(writers, NO_ID), self._on_entries, raises=True)
        self._interruptions: int | None = None
        """Of reading, when the epoch was last seen; None if it was not being read then."""

    def recover(self) -> None:
        """Find where each stream is to be read on. Blocking."""
        for writer in self._writers.values():
            writer.recover()

    async def run(self) -> None:
        """Follow the streams until cancelled."""
        await retry(
            self._find_trimmed,
            on=(RedisUnavailable,),
            what="reading the extent of streams",
            logger=logger,
            backoff=Backoff(FIRST_RETRY_S, MAX_RETRY_S),
            is_told=is_told,
        )
        positions = {key: _id_bytes(writer.last) for key, writer in self._writers.items()}
        self._tail.positions.update(positions)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._tail.run())
            tasks.create_task(self._watch_age())

    @property
    def saw_all(self) -> bool:
        """True if nothing can have been added unread since the epoch was last seen."""
        return self._tail.is_reading and self._interruptions == self._tail.interruptions

    def confirm(self) -> None:
        """Take what was read so far for entries of the epoch."""
        self._interruptions = self._tail.interruptions if self._tail.is_reading else None
        for pending in self._pending.values():
            pending.confirmed = len(pending.entries)

    async def finish(self, *, is_over: bool = False) -> None:
        """Write what was read.

        Parameters
        ----------
        is_over : bool
            True if the epoch has ended: entries that were read after it was last seen are left out,
            but for ticks that continue the positions.
        """
        if self._work is not None:
            await self._work
        for key, pending in self._pending.items():
            if is_over:
                await self._drop_unconfirmed(key, pending)
            await self._write(key, is_over=is_over)

    @property
    def writers(self) -> Iterable[TableWriter]:
        """The writers of its tables."""
        return self._writers.values()

    @property
    def last_tick(self) -> int:
        """The position of the last tick that is written, 0 if there is none."""
        last = [each.last[0] for each in self._writers.values() if each.table.name == TICKS]
        return max(last, default=0)

    @property
    def waiting(self) -> int:
        """The number of rows that are not written yet."""
        return sum(each.rows for each in self._unwritten())

    @property
    def waiting_s(self) -> float:
        """The time in seconds for which the first of these rows has waited."""
        return max((each.age_s for each in self._unwritten()), default=0.0)

    def _unwritten(self) -> list[Pending]:
        return [*self._pending.values(), *([self._batch] if self._batch else [])]

    # --- reading
    def _on_entries(
        self, key: bytes, entries: list[Entry], read_ns: int
    ) -> Coroutine[Any, Any, None] | None:
        pending = self._pending[key]
        pending.add(entries, ROW_SIZES.get(self._writers[key].table.name, 0))
        if not pending.is_due(self._keeper.rotation):
            return None
        return self._write_confirmed(key)

    async def _watch_age(self) -> None:
        while True:
            await asyncio.sleep(LOOK_S)
            for key, pending in self._pending.items():
                if pending.is_due(self._keeper.rotation):
                    await self._write_confirmed(key)

    async def _write_confirmed(self, key: bytes) -> None:
        """Write what was read, unless the epoch may have ended before it was."""
        if self.epoch is None or await self._keeper.is_current(self.epoch):
            await self._write(key)

    async def _write(self, key: bytes, *, is_over: bool = False) -> None:
        async with self._writing:
            taken = self._pending[key].take()
            if taken.entries:
                work = self._write_batch(self._writers[key], taken, is_over=is_over)
                self._work = asyncio.get_running_loop().create_task(work)
                await asyncio.shield(self._work)  # a batch is written whole if reading ends

    async def _write_batch(self, writer: TableWriter, batch: Pending, *, is_over: bool) -> None:
        self._batch = batch
        try:
            await self._keeper.write(writer, batch, is_over=is_over)
        finally:
            self._batch = None

    async def _drop_unconfirmed(self, key: bytes, pending: Pending) -> None:
        keep = pending.confirmed
        if self._writers[key].table.name == TICKS:
            follow = _contiguous(pending.entries, keep, self._writers[key].last[0])
            keep += await self._count_old(key, pending.entries[keep:follow])
        lost = len(pending.entries) - keep
        if lost:
            pending.missing.append((pending.counted - lost + 1, pending.counted))
            logger.warning(
                "%d entries of %s came while the epoch changed, and are not recorded",
                lost,
                key.decode(),
            )
        del pending.entries[keep:]
        pending.counted -= lost

    async def _count_old(self, key: bytes, entries: Sequence[Entry]) -> int:
        """Return how many entries come before the first that the stream of a new epoch has."""
        requests = Requests(self._store, key)
        try:
            for at, entry in enumerate(entries):
                if entry in entries_of(await requests.command("XRANGE", key, entry[0], entry[0])):
                    return at
        except RedisUnavailable:
            self._interruptions = None  # so their end is not known
        finally:
            requests.close()
        return len(entries)

    # --- entries that were trimmed before they were read
    async def _find_trimmed(self) -> None:
        requests = Requests(self._store, next(iter(self._writers)))
        try:
            for key, writer in self._writers.items():
                await self._count(requests, key, writer)
        finally:
            requests.close()

    async def _count(self, requests: Requests, key: bytes, writer: TableWriter) -> None:
        """Note how many entries a stream has had, and which of them are gone unrecorded."""
        length, added, oldest = await _extent(requests, key)
        trimmed = added - length
        pending, newest = self._pending[key], writer.commits.newest
        pending.counted = newest.entries if newest else trimmed
        if (oldest is None or oldest > writer.last) and pending.counted < trimmed:
            if writer.table.name != TICKS:  # their positions tell of holes
                pending.missing.append((pending.counted + 1, trimmed))
                logger.warning(
                    "%d entries of %s were trimmed before they could be recorded",
                    trimmed - pending.counted,
                    key.decode(),
                )
            pending.counted = trimmed


async def _extent(requests: Requests, key: bytes) -> tuple[int, int, Id | None]:
    """Return how many entries a stream has and has had, and the id of its oldest one."""
    if not await requests.command("EXISTS", key):
        return 0, 0, None
    reply = await requests.command("XINFO", "STREAM", key)
    assert isinstance(reply, list)
    about: dict[Any, Any] = dict(zip(reply[::2], reply[1::2], strict=True))
    oldest = about.get(b"first-entry")
    length = int(about[b"length"])
    added = int(about.get(b"entries-added", length))
    return length, added, id_parts(oldest[0]) if oldest else None


def _contiguous(entries: Sequence[Entry], begin: int, recorded: int) -> int:
    """Return how many entries of ticks continue each other, from those before `begin` on.

    Before the first of them, the ticks up to the position `recorded` are written.
    """
    keep = begin
    position = ticks_of(entries[keep - 1]).last if keep else recorded
    while keep < len(entries) and ticks_of(entries[keep]).first == position + 1:
        position = ticks_of(entries[keep]).last
        keep += 1
    return keep


def _id_bytes(entry_id: Id) -> bytes:
    return b"%d-%d" % entry_id
