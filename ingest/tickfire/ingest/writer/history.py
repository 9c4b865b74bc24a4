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
    itself cannot make it any more: it begins before the bar that runs. That one is the feed's own.

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
        limits = _Limits(self._states.rows.copy())
        await self._output.flushed()  # so that what the feed has closed is present
        present = await self._present()
        written = sum([await self._take(entry, present, limits) for entry in entries])
        await self._output.flushed()
        for entry in entries:
            await self._queue.remove(entry)
        logger.info("wrote %d bars of history", written)
        return True

    async def _take(
        self, entry: Backfill, present: dict[int, NDArray[np.int64]], limits: _Limits
    ) -> int:
        refused = await self._introduce(entry.instruments)
        bars = entry.bars[~np.isin(entry.bars["instrument_id"], refused)]
        written = 0
        for kind in np.unique(_kinds(bars)).tolist():
            own = bars[_kinds(bars) == kind]
            known = present.get(kind, np.zeros(0, np.int64))
            own = own[(own["start"] < limits.of(own[0])) & ~np.isin(own["start"], known)]
            _, first = np.unique(own["start"], return_index=True)
            own = own[first].copy()
            own["flags"] = np.where(own["start"] < known.max(initial=0), BAR_LATE, 0)
            present[kind] = np.union1d(known, own["start"])
            self._output.write_bars(own)
            written += len(own)
        return written

    async def _introduce(self, instruments: list[Instrument]) -> list[int]:
        """Announce instruments that are new; return ids that stand for others at the same time."""
        changed: list[Instrument] = []
        refused = []
        for each in instruments:
            other = self._table.conflict(each)
            if other is None:
                changed += self._table.learn(each)
                continue
            refused.append(each.instrument_id)
            logger.warning(
                "the history of %s is left out: its id %d stands for %s at that time",
                each.symbol, each.instrument_id, other.symbol,
            )  # fmt: skip
        keys = ((each.feed, each.instrument_id) for each in instruments)
        shards = len(self._streams)
        missing = [blank_row(*key, shards) for key in keys if self._states.find(*key) is None]
        if missing:
            self._states.load(np.array(missing, STATE))
        if changed:
            await self._announce(changed)
        return refused

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


class _Limits:
    """The times before which the feed itself makes no bars any more, by its states."""

    def __init__(self, rows: Rows) -> None:
        self._rows = {int(row["instrument_id"]): row for row in rows}

    def of(self, bar: np.void) -> int:
        """Return the limit, in ns, for the starts of bars of the instrument and interval of one."""
        row = self._rows.get(int(bar["instrument_id"]))
        if row is None:
            return NONE_YET
        if not row["last_ts"]:
            return max(int(row["s_closed"]), int(row["m_closed"])) or NONE_YET
        running = [int(row[name]) for name in ("s_start", "m_start") if row[name]]
        oldest = min(running, default=int(row["last_ts"]))
        return oldest - oldest % (int(bar["interval_s"]) * NS_PER_S)


def _kinds(bars: Rows) -> NDArray[np.int64]:
    """Return a number for the instrument and the interval of each bar."""
    kinds: NDArray[np.int64] = bars["instrument_id"].astype(np.int64) << 32 | bars["interval_s"]
    return kinds
