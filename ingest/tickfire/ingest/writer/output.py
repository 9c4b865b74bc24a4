"""`Output`: the ticks, bars and snapshots of a feed, on their way to the streams of its shards."""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Final

import numpy as np

from tickfire.ingest.dbn.instruments import InstrumentTable
from tickfire.ingest.kernel.state import InstrumentStates
from tickfire.ingest.writer.backlog import Batch
from tickfire.ingest.writer.config import IngestConfig
from tickfire.ingest.writer.epoch import EpochWriter
from tickfire.ingest.writer.pipe import Pipe
from tickfire.store.by_publisher import BOOKS, TOPS, writes_of
from tickfire.store.limits import MAX_BARS_PER_ENTRY
from tickfire.store.schema import Rows, Stream
from tickfire.store.store import Store, until_done
from tickfire.store.writes import (
    BarWrite,
    CursorWrite,
    SnapshotWrite,
    TickWrite,
    Write,
    snapshot_writes,
    tick_writes,
)

CLOSE_TIMEOUT_S: Final = 1.0
LOST: Final = "Redis has lost data of the epoch"
NO_CURSORS: Final[Mapping[int, Mapping[bytes, bytes]]] = MappingProxyType({})

logger = logging.getLogger(__name__)


class Output:
    """Writer of the streams of a feed.

    Parameters
    ----------
    config : IngestConfig
    store : Store
    states : InstrumentStates
        The states from which snapshots are written; they know the shard of each instrument.
    instruments : InstrumentTable
    writer : EpochWriter
    on_progress : callable
        Called after each batch of acknowledgements.

    Attributes
    ----------
    pipes : list of Pipe
        One for each shard; empty before `open`.
    """

    def __init__(
        self,
        config: IngestConfig,
        store: Store,
        states: InstrumentStates,
        instruments: InstrumentTable,
        writer: EpochWriter,
        on_progress: Callable[[], None],
    ) -> None:
        self._config = config
        self._streams = config.streams
        self._store = store
        self._states = states
        self._instruments = instruments
        self._writer = writer
        self._on_progress = on_progress
        self._epoch_lock = asyncio.Lock()
        self._bar_index: list[int] = []  # for each shard, that of its next entry of bars
        self.pipes: list[Pipe] = []

    async def open(self) -> None:
        """Claim the shards, and restore the states and the instrument table.

        Raises
        ------
        UserError
            The data in Redis has another number of shards.
        LeaseLost
            Another process has begun to write.
        """
        instruments = await until_done(
            lambda: self._writer.open(self._states), "reading the stored epoch", logger
        )
        for instrument in instruments:
            self._instruments.load(instrument)
        self._bar_index = [claim.head.bar_index for claim in self._writer.claims]
        keep = self._config.keep_bytes // self._config.shards
        for shard, claim in enumerate(self._writer.claims):
            stream, progress = self._stream(shard), self._on_progress
            self.pipes.append(
                Pipe(self._store, stream, claim, keep, self._verify, self._renew, progress)
            )

    async def close(self) -> None:
        """Write everything that waits, for a limited time, and mark the end of the heads."""
        for shard in range(len(self.pipes)):
            self._send(shard, [], closing=True)
        try:
            async with asyncio.timeout(CLOSE_TIMEOUT_S):
                await self.flushed()
        except TimeoutError:
            waiting = sum(pipe.unacknowledged for pipe in self.pipes)
            logger.warning("Redis did not take the last %d writes", waiting)

    async def flushed(self) -> None:
        """Wait until everything that was written is acknowledged."""
        for pipe in self.pipes:
            await pipe.flushed()

    async def read_cursors(self) -> list[Mapping[bytes, bytes]]:
        """Return the fields of each shard's hash of cursors."""
        return await until_done(self._writer.read_cursors, "reading the cursors", logger)

    @property
    def epoch(self) -> bytes:
        """The key of the epoch."""
        return self._writer.epoch

    @property
    def is_full(self) -> bool:
        """True while as much waits for Redis as may."""
        limit = self._config.max_waiting_bytes
        return any([pipe.bytes_waiting > limit for pipe in self.pipes])

    # --- writing
    def write(
        self,
        ticks: Rows,
        bars: Rows,
        received: int,
        parsed: int,
        cursors: Mapping[int, Mapping[bytes, bytes]] = NO_CURSORS,
    ) -> None:
        """Write ticks, the bars that they closed and the cursors after them, together.

        With them go the tops of publishers that have changed.

        With bars, the states that changed are written too: after a restart, ticks are folded into
        them, which must not close the bars again.

        Parameters
        ----------
        ticks : TICK[count]
            The ticks that end at the positions of the states.
        bars : BAR[k]
            The bars that were closed at these positions.
        received, parsed : int
            Times for the header, in ns since the Unix epoch; see ENTRY_HEADER.
        cursors : mapping of int to mapping
            For each shard, the fields of its hash of cursors that have changed.
        """
        writes: defaultdict[int, list[Write]] = defaultdict(list)
        for shard, own in self._by_shard(ticks):
            first = int(self._states.positions[shard]) - len(own) + 1
            history = self._config.history_ticks
            writes[shard] += tick_writes(self._stream(shard), first, own, received, parsed, history)
        if len(bars):
            for shard, own in self._by_shard(bars):
                writes[shard] += self._bar_writes(shard, own)
            for shard, own in self._changed_states():
                writes[shard] += self._snapshot_writes(shard, own)
        for shard, own in self._by_shard(self._states.tops.take()):
            writes[shard] += writes_of(TOPS, self._stream(shard), own)
        for shard, fields in cursors.items():
            writes[shard].append(CursorWrite(self._stream(shard), fields))
        for shard, together in writes.items():
            self._send(shard, together)

    def write_bars(self, bars: Rows) -> None:
        """Write bars that were closed at the positions of the states, by time alone."""
        if len(bars):
            self.write(bars[:0], bars, 0, 0)

    def write_snapshots(self) -> None:
        """Write snapshots of the states that changed since the last ones."""
        for shard, own in self._changed_states():
            self._send(shard, self._snapshot_writes(shard, own))

    def write_books(self, books: Rows) -> None:
        """Write order books, BOOK[count], to the streams of their instruments."""
        for shard, own in self._by_shard(books):
            self._send(shard, writes_of(BOOKS, self._stream(shard), own))

    def _bar_writes(self, shard: int, bars: Rows) -> list[BarWrite]:
        made = []
        stream = self._stream(shard)
        position, history = int(self._states.positions[shard]), self._config.history_bars
        for at in range(0, len(bars), MAX_BARS_PER_ENTRY):
            data = bars[at : at + MAX_BARS_PER_ENTRY].tobytes()
            made.append(BarWrite(stream, position, self._bar_index[shard], data, history))
            self._bar_index[shard] += 1
        return made

    def _snapshot_writes(self, shard: int, rows: Rows) -> list[SnapshotWrite]:
        return snapshot_writes(self._stream(shard), int(self._states.positions[shard]), rows)

    def _send(self, shard: int, writes: Sequence[Write], *, closing: bool = False) -> None:
        position = int(self._states.positions[shard])
        self.pipes[shard].send(writes, position, self._bar_index[shard], closing=closing)

    # --- shards
    def _stream(self, shard: int) -> Stream:
        return self._streams[shard]

    def _by_shard(self, records: Rows) -> list[tuple[int, Rows]]:
        """Return the records of each shard that has any, in their order."""
        if not len(records):
            return []
        if self._config.shards == 1:
            return [(0, records)]
        rows = self._states.rows
        keys = rows["feed"].astype(np.uint64) << 32 | rows["instrument_id"]
        order = np.argsort(keys)
        own = records["feed"].astype(np.uint64) << 32 | records["instrument_id"]
        shards = rows["shard"][order[np.searchsorted(keys, own, sorter=order)]]
        return [(int(s), records[shards == s]) for s in np.unique(shards)]

    def _changed_states(self) -> list[tuple[int, Rows]]:
        """Return the states of each shard that have changed since the last call."""
        dirty = self._states.take_dirty()
        return [(s, dirty[dirty["shard"] == s]) for s in np.unique(dirty["shard"]).tolist()]

    # --- epoch
    async def _verify(self) -> None:
        """Begin a new epoch if Redis lost this one; a pipe calls it for each new connection."""
        epoch = self._writer.epoch
        if not await self._writer.is_current():
            await self._renew(epoch)

    async def _renew(self, lost: bytes) -> None:
        """Begin a new epoch, unless that was done since `lost` was the current one."""
        async with self._epoch_lock:
            if self._writer.epoch != lost:
                return
            logger.warning("%s; deleting what is left of it and beginning a new one", LOST)
            known = self._instruments.rows()
            for pipe in self.pipes:
                pipe.reset()  # so that nothing more is acknowledged in the old epoch
            ends = [self._end(shard, pipe.waiting) for shard, pipe in enumerate(self.pipes)]
            await self._writer.begin_epoch(self._config.shards, known, LOST, ends)
            for shard, claim in enumerate(self._writer.claims):
                self._renumber(shard, self.pipes[shard].restart(claim))
            self._states.mark_dirty()
            self._states.books.forget_taken()
            self._states.tops.forget_taken()

    def _end(self, shard: int, waiting: Iterable[Batch]) -> int:
        """Return the position before the first tick that waits, or else the last one."""
        ticks = (w for batch in waiting for w in batch.writes if isinstance(w, TickWrite))
        first = next((write.last - write.count for write in ticks), None)
        return int(self._states.positions[shard]) if first is None else first

    def _renumber(self, shard: int, waiting: list[Batch]) -> None:
        """Restart the positions of a shard from 1, at the first tick that waits.

        The writes that wait and the positions in the instrument states are shifted alike.
        """
        offset = self._end(shard, waiting)
        for batch in waiting:
            batch.shift(offset)
        self._states.positions[shard] -= offset
        rows = self._states.rows
        own = rows["shard"] == shard
        for field in ("n", "trade_n"):
            rows[field][own] = np.maximum(rows[field][own] - offset, 0)
