"""`InstrumentStates`: the state of all instruments, and the buffers that the kernels write.

It owns the memory behind the kernels' context: STATE rows, the hash from (feed, instrument_id)
to a row, the tick and bar outputs, the counters. It grows where a kernel says that it is full,
so nothing is dropped for want of room.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tickfire.ingest.kernel import context as ctx
from tickfire.ingest.kernel.fold_kernel import (
    HASH_FACTOR,
    clear_all,
    close_all,
    close_due,
    fold_ticks,
)
from tickfire.store.schema import BAR, STATE, TICK

type Rows = NDArray[np.void]
"""A structured array: STATE, TICK or BAR."""

DEFAULT_INSTRUMENTS: Final = 256
DEFAULT_TICKS: Final = 1 << 16
SPARE_BARS: Final = 4096
CONTROLS: Final = 1024


class InstrumentStates:
    """All instruments of a process: state, outputs and positions.

    Parameters
    ----------
    shards : int
        How many shards number the ticks.
    feed : int
        The number of the feed that `Parser` reads into this book.
    instruments : int
        Rows to begin with; the table grows by itself.
    ticks : int
        Room for TICKs of one call.
    """

    def __init__(
        self,
        shards: int = 1,
        feed: int = 1,
        instruments: int = DEFAULT_INSTRUMENTS,
        ticks: int = DEFAULT_TICKS,
    ) -> None:
        self.context = np.zeros(ctx.CTX_WORDS, np.int64)
        self.address = int(self.context.ctypes.data)
        self.counters = np.zeros(ctx.COUNTERS, np.int64)
        self.positions = np.zeros(shards, np.int64)
        self.controls = np.zeros(CONTROLS, np.int64)
        self._ticks = np.zeros(max(ticks, 2 * instruments), TICK)
        self._rows = np.zeros(1, STATE)
        self._set(ctx.CTX_COUNTERS, self.counters)
        self._set(ctx.CTX_POSITIONS, self.positions)
        self._set(ctx.CTX_CONTROLS, self.controls)
        self.context[ctx.CTX_CONTROL_CAPACITY] = CONTROLS
        self.context[ctx.CTX_SHARDS] = shards
        self.context[ctx.CTX_FEED] = feed
        self._resize(instruments)

    # --- memory
    def _set(self, word: int, array: NDArray[Any]) -> None:
        self.context[word] = array.ctypes.data

    def _resize(self, instruments: int) -> None:
        """Take new tables of a larger size and move what is known into them."""
        old = self.rows.copy()
        self._rows = np.zeros(instruments + 1, STATE)  # the last is blank
        hash_size = 1 << max(4, (8 * instruments - 1).bit_length())
        self._rows[instruments:].view(np.int64)[ctx.ROW_KEY] = -1
        blank = self._rows[instruments:].ctypes.data
        self._table = np.full(hash_size, blank, np.int64)
        pending = self.bars.copy() if self.count(ctx.COUNT_BARS) else None
        self._bars = np.zeros(2 * instruments + SPARE_BARS, BAR)
        if pending is not None:
            self._bars[: len(pending)] = pending
        if len(self._ticks) < instruments:
            ticks = np.zeros(2 * instruments, TICK)
            ticks[: len(self._ticks)] = self._ticks
            self._ticks = ticks
        for word, array in (
            (ctx.CTX_STATE, self._rows),
            (ctx.CTX_TABLE, self._table),
            (ctx.CTX_TICKS, self._ticks),
            (ctx.CTX_BARS, self._bars),
        ):
            self._set(word, array)
        self.context[ctx.CTX_BLANK] = blank
        self.context[ctx.CTX_HASH_MASK] = hash_size - 1
        self.context[ctx.CTX_MAX_INSTRUMENTS] = instruments
        self.context[ctx.CTX_TICK_CAPACITY] = len(self._ticks)
        self.context[ctx.CTX_BAR_CAPACITY] = len(self._bars)
        self.counters[ctx.COUNT_INSTRUMENTS] = 0
        self._insert(old)

    def grow(self) -> None:
        """Double the table of instruments."""
        self._resize(2 * (len(self._rows) - 1))

    def _insert(self, rows: Rows) -> None:
        """Append rows whose keys are new, and hash them as the kernel does."""
        for row in rows:
            at = self.count(ctx.COUNT_INSTRUMENTS)
            h, _ = self._search(int(row["feed"]) << 32 | int(row["instrument_id"]))
            self._table[h] = self._rows.ctypes.data + at * STATE.itemsize
            self._rows[at] = row
            self.counters[ctx.COUNT_INSTRUMENTS] = at + 1

    def _search(self, key: int) -> tuple[int, int | None]:
        """Return the place of a key in the table, and the index of its row if it has one."""
        mask, keys = len(self._table) - 1, self._rows.view(np.int64)[ctx.ROW_KEY :: ctx.ROW_WORDS]
        h = (key * HASH_FACTOR & 0xFFFF_FFFF_FFFF_FFFF) >> 32 & mask
        while self._table[h] != self.context[ctx.CTX_BLANK]:
            at = (int(self._table[h]) - self._rows.ctypes.data) // STATE.itemsize
            if keys[at] == key:
                return h, at
            h = h + 1 & mask
        return h, None

    # --- what is known
    def count(self, counter: int) -> int:
        """Return one counter (``COUNT_*``)."""
        return int(self.counters[counter])

    @property
    def rows(self) -> Rows:
        """STATE[instruments]: a view, valid until the next call that may grow the table."""
        return self._rows[: self.count(ctx.COUNT_INSTRUMENTS)]

    def find(self, feed: int, instrument_id: int) -> int | None:
        """Return the index of an instrument's row, if it has one."""
        return self._search(feed << 32 | instrument_id)[1]

    def row(self, feed: int, instrument_id: int) -> np.void | None:
        """Return an instrument's STATE: a view, valid until the table may grow."""
        at = self.find(feed, instrument_id)
        if at is None:
            return None
        found: np.void = self._rows[at]
        return found

    def load(self, rows: Rows) -> None:
        """Take snapshots: each row replaces what is known of its instrument."""
        fresh = []
        for row in rows:
            at = self.find(int(row["feed"]), int(row["instrument_id"]))
            if at is None:
                fresh.append(row)
            else:
                self._rows[at] = row
        while self.count(ctx.COUNT_INSTRUMENTS) + len(fresh) >= len(self._rows):
            self.grow()
        self._insert(np.array(fresh, STATE))

    # --- outputs
    @property
    def ticks(self) -> Rows:
        """TICK[]: written since `drain`; a view."""
        return self._ticks[: self.count(ctx.COUNT_TICKS)]

    @property
    def bars(self) -> Rows:
        """BAR[]: closed since `drain`; a view."""
        return self._bars[: self.count(ctx.COUNT_BARS)]

    def drain(self) -> None:
        """Forget the outputs: they were taken."""
        self.counters[ctx.COUNT_TICKS] = 0
        self.counters[ctx.COUNT_BARS] = 0
        self.counters[ctx.COUNT_CONTROLS] = 0

    def _take_bars(self) -> Rows:
        taken = self.bars.copy()
        self.counters[ctx.COUNT_BARS] = 0
        return taken

    # --- folding
    def fold(self, ticks: Rows, first_n: int) -> Rows:
        """Fold ticks of one shard.

        Parameters
        ----------
        ticks : TICK[count]
        first_n : int
            The position of the first.

        Returns
        -------
        BAR[k]
            The pieces that these ticks closed, in order.
        """
        buffer = np.ascontiguousarray(ticks)
        if buffer.dtype != TICK:
            raise TypeError(f"fold takes TICK records, not {buffer.dtype}")
        self._set(ctx.CTX_BUFFER, buffer)
        pieces, at = [], 0
        while True:
            at = int(fold_ticks(self.address, at, len(buffer), first_n))
            pieces.append(self._take_bars())
            if at >= len(buffer):
                return np.concatenate(pieces)
            if self.counters[ctx.COUNT_STOP] == ctx.STOP_INSTRUMENTS:
                self.grow()

    def close(self, feed_time: int | None = None) -> Rows:
        """Close the bars that ended by feed time (ns), or all; return the pieces."""
        earlier = self._take_bars()
        if feed_time is None:
            close_all(self.address)
        else:
            close_due(self.address, feed_time)
        return np.concatenate([earlier, self._take_bars()])

    def clear(self) -> None:
        """Emit a clear for each instrument into `ticks`: a feed session begins."""
        if len(self.ticks) + len(self.rows) > len(self._ticks):
            raise ValueError("take the ticks before a clear")
        clear_all(self.address)

    def take_dirty(self) -> Rows:
        """Return a copy of the rows that changed since the last call."""
        rows = self.rows
        changed: Rows = rows[rows["dirty"] != 0].copy()
        rows["dirty"] = 0
        changed["dirty"] = 0
        return changed

    def mark_dirty(self) -> None:
        """Have every row written again."""
        self.rows["dirty"] = 1
