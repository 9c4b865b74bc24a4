"""`HistoryWriter`: bars of history, written beside those of the feed and never over them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tickfire.base.retry import retry
from tickfire.base.units import NS_PER_S
from tickfire.ingest.dbn.instruments import InstrumentTable
from tickfire.ingest.kernel.state import InstrumentStates, blank_row
from tickfire.ingest.writer.output import Output
from tickfire.store.backfill import Backfill, BackfillQueue
from tickfire.store.entries import all_bars_of
from tickfire.store.schema import BAR_LATE, STATE, Instrument, Rows, Stream, bars_key
from tickfire.store.store import REDIS_ERRORS, Store

WAIT_MS: Final = 1000
ENTRIES_PER_READ: Final = 500
NONE_YET: Final = np.iinfo(np.int64).max

logger = logging.getLogger(__name__)


class HistoryWriter:
    """Writer of the history that waits in a feed's `BackfillQueue`.

    A bar is written if there is none yet of its instrument, interval and start, and the feed
    itself cannot make one any more: it begins before the newest bar of its kind or, if there is
    none, before what the feed has traded. So the running bar is the feed's own.

    Parameters
    ----------
    store : Store
    states : InstrumentStates
    table : InstrumentTable
    output : Output
    announce : callable (list of Instrument)
        Writes new instruments.
    streams : sequence of Stream
        The streams of the feed.

    Attributes
    ----------
    is_drained : Event
        Set once what waited at the start is written.
    """

    def __init__(
        self,
        store: Store,
        states: InstrumentStates,
        table: InstrumentTable,
        output: Output,
        announce: Callable[[Sequence[Instrument]], Awaitable[None]],
        streams: Sequence[Stream],
    ) -> None:
        self._client: Any = store.client
        self._queue = BackfillQueue(store, table.feed)
        self._states = states
        self._table = table
        self._output = output
        self._announce = announce
        self._streams = streams
        self._refused: set[int] = set()
        self.is_drained = asyncio.Event()

    async def run(self) -> None:
        """Write what waits, and then what comes, until cancelled."""
        await self.drain()
        while True:
            await self._take_next(WAIT_MS)

    async def drain(self) -> None:
        """Write all that waits."""
        while await self._take_next(None):
            pass
        self.is_drained.set()

    async def _take_next(self, block_ms: int | None) -> bool:
        return await retry(
            lambda: self._write_next(block_ms),
            on=REDIS_ERRORS,
            what="reading history that waits",
            logger=logger,
        )

    async def _write_next(self, block_ms: int | None) -> bool:
        """Write the next entries; return whether there were any."""
        entries = await self._queue.read(block_ms=block_ms)
        if not entries:
            return False
        present = await self._present()
        written = sum([await self._take(entry, present) for entry in entries])
        await self._output.flushed()
        for entry in entries:
            await self._queue.remove(entry)
        logger.info("wrote %d bars of history", written)
        return True

    async def _take(self, entry: Backfill, present: dict[int, NDArray[np.int64]]) -> int:
        await self._introduce(entry.instruments)
        bars = entry.bars[~np.isin(entry.bars["instrument_id"], list(self._refused))]
        written = 0
        for kind in np.unique(_kinds(bars)).tolist():
            own = bars[_kinds(bars) == kind]
            known = present.get(kind, np.zeros(0, np.int64))
            own = own[(own["start"] < self._limit(own[0], known)) & ~np.isin(own["start"], known)]
            _, first = np.unique(own["start"], return_index=True)
            own = own[first].copy()
            own["flags"] = BAR_LATE if len(known) else 0
            present[kind] = np.union1d(known, own["start"])
            self._output.write_bars(own)
            written += len(own)
        return written

    def _limit(self, bar: np.void, known: NDArray[np.int64]) -> int:
        """Return the time, in ns, before which bars of a kind may begin."""
        if len(known):
            return int(known[-1])
        row = self._states.row(int(bar["feed"]), int(bar["instrument_id"]))
        if row is None or not row["last_ts"]:
            return NONE_YET
        oldest = min(int(row[name]) for name in ("s_start", "m_start", "last_ts") if row[name])
        return oldest - oldest % (int(bar["interval_s"]) * NS_PER_S)

    async def _introduce(self, instruments: list[Instrument]) -> None:
        """Announce instruments that are new; refuse those whose id has another symbol now."""
        new = []
        for each in instruments:
            known = self._table.current(each.instrument_id)
            if known is None:
                self._table.load(each)
                new.append(each)
            elif known.symbol != each.symbol and each.instrument_id not in self._refused:
                self._refused.add(each.instrument_id)
                logger.warning(
                    "the history of %s is left out: its id %d stands for %s now",
                    each.symbol, each.instrument_id, known.symbol,
                )  # fmt: skip
        keys = ((each.feed, each.instrument_id) for each in instruments)
        shards = len(self._streams)
        missing = [blank_row(*key, shards) for key in keys if self._states.find(*key) is None]
        if missing:
            self._states.load(np.array(missing, STATE))
        if new:
            await self._announce(new)

    async def _present(self) -> dict[int, NDArray[np.int64]]:
        """Return the starts of all bars in the streams by kind, ascending."""
        kinds, starts = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
        for stream in self._streams:
            low = "-"
            while entries := await self._client.xrange(
                bars_key(stream), low, "+", count=ENTRIES_PER_READ
            ):
                bars = all_bars_of(entries)
                kinds.append(_kinds(bars))
                starts.append(bars["start"].astype(np.int64))
                low = f"({entries[-1][0].decode()}"
        kind, start = np.concatenate(kinds), np.concatenate(starts)
        return {each: np.unique(start[kind == each]) for each in np.unique(kind).tolist()}


def _kinds(bars: Rows) -> NDArray[np.int64]:
    """Return a number for the instrument and the interval of each bar."""
    kinds: NDArray[np.int64] = bars["instrument_id"].astype(np.int64) << 32 | bars["interval_s"]
    return kinds
