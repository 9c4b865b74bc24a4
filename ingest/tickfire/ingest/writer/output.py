"""`Output`: the ticks, bars and snapshots of a feed, on their way to the streams of its shards."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

import numpy as np

from tickfire.ingest.dbn.instruments import InstrumentTable
from tickfire.ingest.kernel.state import InstrumentStates
from tickfire.ingest.writer.config import IngestConfig
from tickfire.ingest.writer.epoch import EpochWriter
from tickfire.ingest.writer.pipe import Pipe
from tickfire.store.limits import MAX_BARS_PER_ENTRY
from tickfire.store.schema import Rows
from tickfire.store.store import Store
from tickfire.store.writes import BarWrite, SnapshotWrite, TickWrite, tick_writes

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
        self._store = store
        self._states = states
        self._instruments = instruments
        self._writer = writer
        self._on_progress = on_progress
        self._epoch_lock = asyncio.Lock()
        self.pipes: list[Pipe] = []

    async def open(self) -> None:
        """Continue or begin an epoch: restore the states and the instrument table from it."""
        for instrument in await self._writer.open(self._states):
            self._instruments.load(instrument)
        for shard in range(self._config.shards):
            self.pipes.append(Pipe(self._store, shard, self._verify_epoch, self._on_progress))

    @property
    def is_full(self) -> bool:
        """Whether as many writes wait for Redis as may."""
        limit = self._config.max_unacknowledged
        return any(pipe.unacknowledged > limit for pipe in self.pipes)

    # --- writing
    def write(self, ticks: Rows, bars: Rows, received: int, parsed: int) -> None:
        """Write ticks and the bars that they closed.

        Parameters
        ----------
        ticks : TICK[count]
            The ticks that end at the positions of the states.
        bars : BAR[k]
        received, parsed : int
            Times for the header, in ns since the Unix epoch; see ENTRY_HEADER.
        """
        history = self._config.history_ticks
        positions = self._states.positions
        for shard, own in self._by_shard(ticks):
            first = int(positions[shard]) - len(own) + 1
            for write in tick_writes(shard, first, own, received, parsed, history):
                self.pipes[shard].send(write)
        self.write_bars(bars)

    def write_bars(self, bars: Rows) -> None:
        """Write bars that were closed at the positions of the states."""
        history = self._config.history_bars
        for shard, own in self._by_shard(bars):
            for at in range(0, len(own), MAX_BARS_PER_ENTRY):
                index = self._writer.bar_index[shard]
                self._writer.bar_index[shard] = index + 1
                data = own[at : at + MAX_BARS_PER_ENTRY].tobytes()
                position = int(self._states.positions[shard])
                self.pipes[shard].send(BarWrite(shard, position, index, data, history))

    def write_snapshots(self) -> None:
        """Write snapshots of the states that changed since the last ones."""
        dirty = self._states.take_dirty()
        for shard in np.unique(dirty["shard"]).tolist():
            own = dirty[dirty["shard"] == shard]
            position = int(self._states.positions[shard])
            self.pipes[shard].send(SnapshotWrite(shard, position, own))

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

    # --- epoch
    async def _verify_epoch(self) -> None:
        """Begin a new epoch if Redis lost this one; a pipe calls it for each new connection."""
        async with self._epoch_lock:
            if await self._writer.is_current():
                return
            logger.warning("Redis no longer has the epoch; beginning a new one")
            await self._writer.begin_epoch()
            for shard, pipe in enumerate(self.pipes):
                pipe.reset()
                self._renumber(shard, pipe)
            known = [
                self._instruments.current(int(row["instrument_id"])) for row in self._states.rows
            ]
            await self._writer.put_instruments([k for k in known if k is not None])
            self._states.mark_dirty()

    def _renumber(self, shard: int, pipe: Pipe) -> None:
        """Restart the positions of a shard from 1, at the first unacknowledged tick.

        The writes that wait and the positions in the instrument states are shifted alike.
        """
        waiting = pipe.waiting()
        first = next((w.last - w.count for w in waiting if isinstance(w, TickWrite)), None)
        offset = int(self._states.positions[shard]) if first is None else first
        for write in waiting:
            write.shift(offset)
        self._states.positions[shard] -= offset
        rows = self._states.rows
        own = rows["shard"] == shard
        for field in ("n", "trade_n"):
            rows[field][own] = np.maximum(rows[field][own] - offset, 0)
