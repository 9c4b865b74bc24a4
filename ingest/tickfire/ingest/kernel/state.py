"""The state of all instruments of a process, and the memory that the kernels work on."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tickfire.base.units import UNDEF_PRICE
from tickfire.ingest.dbn.enums import bars_rtype
from tickfire.ingest.kernel import context as ctx
from tickfire.ingest.kernel.books.books import OrderBooks
from tickfire.ingest.kernel.fold_kernel import clear_all, close_all, close_due, fold_ticks
from tickfire.ingest.kernel.rows import HASH_FACTOR
from tickfire.ingest.kernel.tops.tops import PublisherTops, without_tops
from tickfire.ingest.kernel.tops.words import LAST_PUBLISHER
from tickfire.store.limits import EVERY_INSTRUMENT
from tickfire.store.schema import BAR, STATE, TICK, Rows, shard_of

DEFAULT_INSTRUMENTS: Final = 256
DEFAULT_TICKS: Final = 1 << 16
SPARE_BARS: Final = 4096
CONTROLS: Final = 1024


class InstrumentStates:
    """The instruments of a process: their states, the kernels' outputs, and positions.

    It owns the memory behind the kernels' context: the STATE rows, the hash table from
    (feed, instrument_id) to a row, the outputs for ticks and bars, and the counters. A table that a
    kernel reports as full grows, up to `max_instruments`.

    Parameters
    ----------
    shards : int
        The number of shards over which the instruments are spread.
    feed : int
        The number of the feed that a `Parser` reads.
    instruments : int
        The number of rows to begin with.
    ticks : int
        The number of ticks that one call of a kernel may write.
    max_instruments : int
        The number of instruments beyond which a `Parser` leaves out the records of others.

    Attributes
    ----------
    left_out : int
        The number of records left out.
    books : OrderBooks
        The order books that a `Parser` keeps.
    tops : PublisherTops
        The tops of book of instruments that several publishers quote.
    """

    def __init__(
        self,
        shards: int = 1,
        feed: int = 1,
        instruments: int = DEFAULT_INSTRUMENTS,
        ticks: int = DEFAULT_TICKS,
        max_instruments: int = EVERY_INSTRUMENT,
    ) -> None:
        self.left_out = 0
        self._max_instruments = max_instruments
        self.context = np.zeros(ctx.CTX_WORDS, np.int64)
        self.address = int(self.context.ctypes.data)
        self.counters = np.zeros(ctx.COUNTERS, np.int64)
        self._counts = memoryview(self.counters)  # its elements are read at half the cost
        self.positions = np.zeros(shards, np.int64)
        self.controls = np.zeros(CONTROLS, np.int64)
        self.books = OrderBooks(feed)
        self.tops = PublisherTops()
        self._ticks = np.zeros(max(ticks, 2 * instruments), TICK)
        self._rows = np.zeros(1, STATE)
        self._point(ctx.CTX_COUNTERS, self.counters)
        self._point(ctx.CTX_POSITIONS, self.positions)
        self._point(ctx.CTX_CONTROLS, self.controls)
        self.context[ctx.CTX_CONTROL_CAPACITY] = CONTROLS
        self.context[ctx.CTX_SHARDS] = shards
        self.context[ctx.CTX_FEED] = feed
        self.context[ctx.CTX_BOOKS] = self.books.address
        self.context[ctx.CTX_TOPS] = self.tops.address
        self.use_schema(None)
        self._resize(min(instruments, max_instruments))

    def use_schema(self, schema: str | None) -> None:
        """Set the schema of the records to come, which alone tells the interval of untimed bars."""
        self.context[ctx.CTX_UNTIMED_BARS] = bars_rtype(schema)

    # --- memory
    def _point(self, word: int, array: NDArray[Any]) -> None:
        self.context[word] = array.ctypes.data

    def _resize(self, instruments: int) -> None:
        """Allocate tables for a number of instruments, and move the present rows into them."""
        old = self.rows.copy()
        self._rows = np.zeros(instruments + 1, STATE)  # the last row is blank
        hash_size = 1 << max(4, (8 * instruments - 1).bit_length())
        self._rows[instruments:].view(np.int64)[ctx.ROW_KEY] = -1
        blank = self._rows[instruments:].ctypes.data
        self._table = np.full(hash_size, blank, np.int64)
        self._resize_outputs(instruments)
        self._point(ctx.CTX_STATE, self._rows)
        self._point(ctx.CTX_TABLE, self._table)
        self.context[ctx.CTX_BLANK] = blank
        self.context[ctx.CTX_HASH_MASK] = hash_size - 1
        self.context[ctx.CTX_MAX_INSTRUMENTS] = instruments
        self.counters[ctx.COUNT_INSTRUMENTS] = 0
        self._insert(old)

    def _resize_outputs(self, instruments: int) -> None:
        """Make room for a clear and two bars of each instrument, and keep what was written."""
        pending = self.bars.copy() if self.count(ctx.COUNT_BARS) else None
        self._bars = np.zeros(2 * instruments + SPARE_BARS, BAR)
        if pending is not None:
            self._bars[: len(pending)] = pending
        if len(self._ticks) < instruments:
            ticks = np.zeros(2 * instruments, TICK)
            ticks[: len(self._ticks)] = self._ticks
            self._ticks = ticks
        self._point(ctx.CTX_TICKS, self._ticks)
        self._point(ctx.CTX_BARS, self._bars)
        self.context[ctx.CTX_TICK_CAPACITY] = len(self._ticks)
        self.context[ctx.CTX_BAR_CAPACITY] = len(self._bars)

    def grow(self) -> None:
        """Double the table of instruments."""
        self._resize(2 * (len(self._rows) - 1))

    @property
    def is_full(self) -> bool:
        """True if the kernel stopped at an instrument beyond the limit."""
        is_stopped = self._counts[ctx.COUNT_STOP] == ctx.STOP_INSTRUMENTS
        return is_stopped and len(self.rows) >= self._max_instruments

    def grow_full(self) -> bool:
        """Grow the table for want of which the kernel stopped; return whether there was one."""
        stop = self._counts[ctx.COUNT_STOP]
        if stop == ctx.STOP_INSTRUMENTS:
            self._resize(min(2 * (len(self._rows) - 1), self._max_instruments))
        elif stop == ctx.STOP_BOOKS:
            self.books.grow()
        elif stop == ctx.STOP_TOPS:
            self.tops.grow()
        return stop in (ctx.STOP_INSTRUMENTS, ctx.STOP_BOOKS, ctx.STOP_TOPS)

    def _insert(self, rows: Rows) -> None:
        """Append rows whose keys are new, and hash them as the kernels do."""
        for row in rows:
            at = self.count(ctx.COUNT_INSTRUMENTS)
            h, _ = self._search(int(row["feed"]) << 32 | int(row["instrument_id"]))
            self._table[h] = self._rows.ctypes.data + at * STATE.itemsize
            self._rows[at] = row
            self.counters[ctx.COUNT_INSTRUMENTS] = at + 1

    def _search(self, key: int) -> tuple[int, int | None]:
        """Return the index of a key in the hash table, and the index of its row if it has one."""
        mask, keys = len(self._table) - 1, self._rows.view(np.int64)[ctx.ROW_KEY :: ctx.ROW_WORDS]
        h = (key * HASH_FACTOR & 0xFFFF_FFFF_FFFF_FFFF) >> 32 & mask
        while self._table[h] != self.context[ctx.CTX_BLANK]:
            at = (int(self._table[h]) - self._rows.ctypes.data) // STATE.itemsize
            if keys[at] == key:
                return h, at
            h = h + 1 & mask
        return h, None

    # --- rows and counters
    def count(self, counter: int) -> int:
        """Return the value of a counter (``COUNT_*``)."""
        return self._counts[counter]

    @property
    def rows(self) -> Rows:
        """STATE[instruments]: a view, valid until the next call that may grow the table."""
        return self._rows[: self.count(ctx.COUNT_INSTRUMENTS)]

    def find(self, feed: int, instrument_id: int) -> int | None:
        """Return the index of an instrument's row, or None if it has none."""
        return self._search(feed << 32 | instrument_id)[1]

    def row(self, feed: int, instrument_id: int) -> np.void | None:
        """Return an instrument's STATE: a view, valid until the table may grow."""
        at = self.find(feed, instrument_id)
        if at is None:
            return None
        found: np.void = self._rows[at]
        return found

    def load(self, rows: Rows) -> None:
        """Load snapshots; each replaces the state of its instrument."""
        fresh = []
        rows = without_tops(rows)
        for row in rows:
            at = self.find(int(row["feed"]), int(row["instrument_id"]))
            if at is None:
                fresh.append(row)
            else:
                publisher = self._rows[at]["publisher"]
                self._rows[at] = row
                if publisher > LAST_PUBLISHER:  # its tops are in the table
                    self._rows[at]["publisher"] = publisher
        while self.count(ctx.COUNT_INSTRUMENTS) + len(fresh) >= len(self._rows):
            self.grow()
        self._insert(np.array(fresh, STATE))

    def load_tops(self, tops: Rows) -> None:
        """Load TOP[n], the tops of publishers, once the snapshots of their instruments are."""
        for top in tops:
            row = self.row(int(top["feed"]), int(top["instrument_id"]))
            if row is not None:
                self.tops.load(row, top)

    # --- outputs
    @property
    def ticks(self) -> Rows:
        """TICK[]: a view of the ticks written since the last `drain`."""
        return self._ticks[: self.count(ctx.COUNT_TICKS)]

    @property
    def bars(self) -> Rows:
        """BAR[]: a view of the bars closed since the last `drain`."""
        return self._bars[: self.count(ctx.COUNT_BARS)]

    def drain(self) -> None:
        """Discard the outputs, which the caller has taken."""
        counts = self._counts
        counts[ctx.COUNT_TICKS] = counts[ctx.COUNT_BARS] = counts[ctx.COUNT_CONTROLS] = 0

    def _take_bars(self) -> Rows:
        taken = self.bars.copy()
        self.counters[ctx.COUNT_BARS] = 0
        return taken

    # --- folding
    def fold(self, ticks: Rows, first: int) -> Rows:
        """Fold ticks of one shard into the states.

        Parameters
        ----------
        ticks : TICK[count]
        first : int
            The position of the first tick.

        Returns
        -------
        BAR[k]
            The pieces of bars that the ticks closed, in the order of closing.

        Raises
        ------
        TypeError
            If `ticks` is not an array of TICK records.
        """
        buffer = np.ascontiguousarray(ticks)
        if buffer.dtype != TICK:
            raise TypeError(f"fold takes TICK records, not {buffer.dtype}")
        self._point(ctx.CTX_BUFFER, buffer)
        pieces, at = [], 0
        while True:
            at = int(fold_ticks(self.address, at, len(buffer), first))
            pieces.append(self._take_bars())
            if at >= len(buffer):
                return np.concatenate(pieces)
            if self.counters[ctx.COUNT_STOP] == ctx.STOP_INSTRUMENTS:
                self.grow()

    def close(self, feed_time: int | None = None) -> Rows:
        """Close running bars, and return the pieces.

        Parameters
        ----------
        feed_time : int, optional
            ns since the Unix epoch: close the bars that ended by this time. Without it, all.

        Returns
        -------
        BAR[k]
            The pieces, after those of earlier calls that were not taken yet.
        """
        earlier = self._take_bars()
        if feed_time is None:
            close_all(self.address)
        else:
            close_due(self.address, feed_time)
        return np.concatenate([earlier, self._take_bars()])

    def clear(self, *, begins_again: bool = True) -> None:
        """Write a clear of each instrument to `ticks`, as at the start of a feed session.

        Parameters
        ----------
        begins_again : bool
            Whether the feed begins again, rather than goes on after a gap.

        Raises
        ------
        ValueError
            If the ticks written before leave too little room: call `drain` first.
        """
        if len(self.ticks) + len(self.rows) > len(self._ticks):
            raise ValueError("the output has no room for the clears; take and drain it first")
        clear_all(self.address, int(begins_again))
        self.books.reset()
        self.tops.reset(self.rows)

    def take_dirty(self) -> Rows:
        """Return a copy of the rows that changed since the last call."""
        rows = self.rows
        changed: Rows = rows[rows["dirty"] != 0].copy()
        rows["dirty"] = 0
        changed["dirty"] = 0
        return changed

    def mark_dirty(self) -> None:
        """Mark every row as changed, so that its snapshot is written again."""
        self.rows["dirty"] = 1


def blank_row(feed: int, instrument_id: int, shards: int) -> np.void:
    """Return the STATE of an instrument of which nothing was heard."""
    rows = np.zeros(1, STATE)
    rows["feed"], rows["instrument_id"] = feed, instrument_id
    rows["bid_price"] = rows["ask_price"] = UNDEF_PRICE
    rows["shard"] = shard_of(feed, instrument_id, shards)
    blank: np.void = rows[0]
    return blank
