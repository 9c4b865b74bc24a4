"""`HistoryWriter`: bars of history, written beside those of the feed and never over them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tickfire.base.units import NS_PER_S, utc
from tickfire.ingest.dbn.instruments import InstrumentTable
from tickfire.ingest.kernel.state import InstrumentStates, blank_row
from tickfire.ingest.writer.output import Output
from tickfire.store.backfill import Backfill, BackfillQueue
from tickfire.store.entries import all_bars_of
from tickfire.store.limits import BLOCK_MS
from tickfire.store.mappings import EVER, end_of
from tickfire.store.schema import BAR_LATE, STATE, Instrument, Rows, Stream, bars_key
from tickfire.store.store import Store, until_done

ENTRIES_PER_READ: Final = 500
NONE_YET: Final = np.iinfo(np.int64).max

logger = logging.getLogger(__name__)


class HistoryWriter:
    """Writer of the history that waits in a feed's `BackfillQueue`.

    A bar is written if there is none yet of its instrument, interval and start, and the feed
    itself cannot make it any more: it begins before the bar that runs. That one is the feed's own.

    An id may have had another symbol: each bar belongs to the mapping that the history has for its
    start, and is left out where the feed's own mappings contradict it. A mapping of which the feed
    never told a start begins with the feed's own data of it.

    Parameters
    ----------
    store : Store
    states : InstrumentStates
    table : InstrumentTable
    output : Output
    announce : callable (list of Instrument, list of Instrument)
        Writes new instruments, and deletes those that they replace.
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
        announce: Callable[[Sequence[Instrument], Sequence[Instrument]], Awaitable[None]],
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
            await self._take_next(BLOCK_MS)

    async def drain(self) -> None:
        """Write all that waits."""
        while await self._take_next(None):
            pass
        self.is_drained.set()

    async def _take_next(self, block_ms: int | None) -> bool:
        return await until_done(
            lambda: self._write_next(block_ms), "reading history that waits", logger
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
        parts = await self._introduce(entry.instruments, _Begins(limits, present))
        bars = entry.bars[_are_within(entry.bars, entry.instruments, parts)]
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

    async def _introduce(self, instruments: list[Instrument], begins: _Begins) -> list[Instrument]:
        """Announce instruments; return their parts that the feed's own do not contradict."""
        changed: list[Instrument] = []
        replaced: list[Instrument] = []
        parts: list[Instrument] = []
        for each in sorted(instruments, key=lambda row: row.start):
            for other in self._table.contradicting(each):
                if other.start:
                    continue
                begin = begins.of(other.instrument_id) or each.end
                if each.start < begin:
                    replaced.append(other)
                    changed.append(self._table.begin(other, begin))
            free = self._table.free_parts(each)
            self._warn_of_rest(each, free)
            parts += free
            changed += [new for part in free for new in self._table.learn(part)]
        keys = ((each.feed, each.instrument_id) for each in instruments)
        shards = len(self._streams)
        missing = [blank_row(*key, shards) for key in keys if self._states.find(*key) is None]
        if missing:
            self._states.load(np.array(missing, STATE))
        if changed:
            await self._announce(changed, replaced)
        return parts

    def _warn_of_rest(self, row: Instrument, free: list[Instrument]) -> None:
        """Log the parts of a mapping's history that are left out, if any."""
        if [(part.start, part.end) for part in free] == [(row.start, row.end)]:
            return
        for other in self._table.contradicting(row):
            begin, end = max(row.start, other.start), min(end_of(row), end_of(other))
            span = f"from {utc(begin)}" if end == EVER else f"from {utc(begin)} to {utc(end)}"
            logger.warning(
                "the history of %s is left out %s: %d is %s then",
                row.symbol, span, other.instrument_id, other.symbol,
            )  # fmt: skip

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


class _Begins:
    """The times at which the data begins that the feed has of an instrument."""

    def __init__(self, limits: _Limits, present: dict[int, NDArray[np.int64]]) -> None:
        self._limits = limits
        self._firsts: dict[int, int] = {}
        for kind, starts in present.items():
            if len(starts):
                number, first = kind >> 32, int(starts[0])
                self._firsts[number] = min(first, self._firsts.get(number, first))

    def of(self, instrument_id: int) -> int:
        """Return when the data of an id begins, or else the feed's time; 0 before any data."""
        times = self._limits.running(instrument_id)
        if instrument_id in self._firsts:
            times.append(self._firsts[instrument_id])
        return min(times, default=self._limits.newest)


class _Limits:
    """The times before which the feed itself makes no bars any more, by its states."""

    def __init__(self, rows: Rows) -> None:
        self._rows = {int(row["instrument_id"]): row for row in rows}
        times = np.maximum(rows["last_ts"], rows["quote_ts"])
        self.newest = int(times.max(initial=0))

    def running(self, instrument_id: int) -> list[int]:
        """Return the starts of the bars that run, or else the time of the last trade, in ns."""
        row = self._rows.get(instrument_id)
        if row is None or not row["last_ts"]:
            return []
        return [int(row[name]) for name in ("s_start", "m_start") if row[name]] or [
            int(row["last_ts"])
        ]

    def of(self, bar: np.void) -> int:
        """Return the limit, in ns, for the starts of bars of the instrument and interval of one."""
        row = self._rows.get(int(bar["instrument_id"]))
        if row is None:
            return NONE_YET
        if not row["last_ts"]:
            return max(int(row["s_closed"]), int(row["m_closed"])) or NONE_YET
        oldest = min(self.running(int(bar["instrument_id"])))
        return oldest - oldest % (int(bar["interval_s"]) * NS_PER_S)


def _are_within(
    bars: Rows, instruments: Sequence[Instrument], parts: Sequence[Instrument]
) -> NDArray[np.bool_]:
    """Return which bars begin within a part of their instrument, or have no instrument at all."""
    kept = ~np.isin(bars["instrument_id"], [each.instrument_id for each in instruments])
    numbers = set(bars["instrument_id"].tolist())
    for part in parts:
        if part.instrument_id not in numbers:
            continue
        own = bars["instrument_id"] == part.instrument_id
        kept |= own & (bars["start"] >= part.start) & (bars["start"] < end_of(part))
    return kept


def _kinds(bars: Rows) -> NDArray[np.int64]:
    """Return a number for the instrument and the interval of each bar."""
    kinds: NDArray[np.int64] = bars["instrument_id"].astype(np.int64) << 32 | bars["interval_s"]
    return kinds
