"""`Candles`: the bars of all instruments, as the stream of ticks makes them. No I/O.

History comes from ``bars:{s}``, what runs now from the book. Live bars are the pieces that the
book closes while it folds the ticks; ingest closes the same ticks into the same bars with the
same code, so its stream is needed only for what ticks cannot tell: that feed time closed a bar,
and bars that a feed made itself.
"""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tickfire.ingest.kernel.context import (
    ROW_M,
    ROW_M_CLOSED,
    ROW_S,
    ROW_S_CLOSED,
    ROW_TRADE_POSITION,
    ROW_WORDS,
)
from tickfire.ingest.kernel.state import InstrumentStates
from tickfire.kernels.bars import CLOSE, HIGH, LOW, MINUTE_NS, OPEN, SECOND_NS, TRADES, VOLUME
from tickfire.server.market.candles.pieces import whole_bars
from tickfire.server.market.candles.series import Bar, Bars, Series, fold, merged, moved, piece
from tickfire.store.schema import BAR_REWIND, INTERVALS_S, MINUTE_S

DERIVED: Final = tuple(seconds for seconds in INTERVALS_S.values() if seconds > MINUTE_S)
LIMIT: Final = 5_000
REWOUND: Final = -1
"""A row's word s_closed or m_closed: time went back, and nothing closed since."""

_COLUMNS: Final = (
    *("feed", "instrument_id", "interval_s", "flags"),
    *("start", "open", "high", "low", "close", "volume", "trades"),
)

type Rows = NDArray[np.void]


def seconds_of(interval: str) -> int | None:
    """Return the length of an interval by its name, None if there is none of it."""
    return INTERVALS_S.get(interval)


@dataclass(slots=True)
class Change:
    """What a step did to history.

    Attributes
    ----------
    bars : list of (slot, interval_s, start)
        Bars that are not the running one and have changed; 1 s and 1 m as pieces, longer by these.
    resets : set of slot
        Time went back: bars that were there are void.
    """

    bars: list[tuple[int, int, int]] = field(default_factory=list)
    resets: set[int] = field(default_factory=set)


class Candles:
    """Bars by slot and interval.

    Parameters
    ----------
    states : InstrumentStates
    limit : int
        Bars kept of each interval.
    """

    def __init__(self, states: InstrumentStates, limit: int = LIMIT) -> None:
        self._states = states
        self._limit = limit
        self._series: dict[tuple[int, int], Series] = {}
        self._slots: dict[tuple[int, int], int] = {}
        # Seeded without a running second: if time goes back there, no piece tells.
        self._idle: NDArray[np.intp] = np.zeros(0, np.intp)

    def series(self, slot: int, interval_s: int) -> Series:
        """Return the closed pieces of an instrument's interval, merged."""
        found = self._series.get((slot, interval_s))
        if found is None:
            found = Series(interval_s * SECOND_NS, self._limit)
            self._series[slot, interval_s] = found
        return found

    # --- at the start
    def cutoffs(self) -> NDArray[np.int64]:
        """Return int64[slots, 2]: pieces (1 s, 1 m) of a lower n are not in the book's rows.

        To be taken after the snapshots are loaded and before ticks are folded. Where a bar runs,
        it holds the last trade, and a piece that ends there was closed after the snapshot.
        """
        rows = self._states.rows
        seconds, minutes = rows["s_start"] != 0, rows["m_start"] != 0
        cutoffs = np.empty((len(rows), 2), np.int64)
        cutoffs[:, 0] = rows["trade_n"] + ~seconds
        cutoffs[:, 1] = rows["trade_n"] + ~(seconds | minutes)
        return cutoffs

    def load(self, pieces: Rows, cutoffs: NDArray[np.int64], hole: tuple[int, int]) -> None:
        """Take the next part of the history of a shard, in the order of its stream.

        Parameters
        ----------
        pieces : BAR[]
        cutoffs : int64[slots, 2]
            See `cutoffs`; later pieces come from the ticks.
        hole : (int, int)
            Positions (after, before) whose ticks are gone: their pieces are all there is of them.
        """
        pieces = pieces[self._is_history(pieces, cutoffs, hole)]
        for group in whole_bars(pieces):
            slot = self._states.find(group.feed, group.instrument_id)
            if slot is None or group.interval_s not in (1, MINUTE_S):
                continue
            if group.void_from is not None:
                self._void(slot, group.interval_s, group.void_from)
            self.series(slot, group.interval_s).extend(group.bars)
            if group.interval_s == MINUTE_S:
                for seconds in DERIVED:
                    folded = fold(group.bars, seconds * SECOND_NS)
                    self.series(slot, seconds).extend(folded)

    def settle(self) -> None:
        """End the loading: void what the rows say is void."""
        rows = self._states.rows
        for slot in np.flatnonzero(rows["s_closed"] == REWOUND).tolist():
            self._rewind_if_rewound(slot)
        self._idle = np.flatnonzero((rows["s_start"] == 0) & (rows["last_ts"] != 0))

    def forget(self, slots: Container[int]) -> None:
        """Drop the bars of some instruments."""
        for key in [key for key in self._series if key[0] in slots]:
            del self._series[key]

    def _is_history(
        self, pieces: Rows, cutoffs: NDArray[np.int64], hole: tuple[int, int]
    ) -> NDArray[np.bool_]:
        keys = pieces["feed"].astype(np.int64) << 32 | pieces["instrument_id"]
        known, where = np.unique(keys, return_inverse=True)
        limits = np.zeros((len(known), 2), np.int64)
        for at, key in enumerate(known.tolist()):
            slot = self._states.find(key >> 32, key & 0xFFFF_FFFF)
            if slot is not None and slot < len(cutoffs):
                limits[at] = cutoffs[slot]
        limit = limits[where, (pieces["interval_s"] == MINUTE_S).astype(np.int64)]
        n = pieces["n"].astype(np.int64)
        after, before = hole
        keep: NDArray[np.bool_] = (
            (n < limit) | (pieces["trades"] == 0) | ((n > after) & (n < before))
        )
        return keep

    # --- live
    def take(self, pieces: Rows) -> Change:
        """Put pieces into their bars, as the book closed them; return what changed.

        To be called after each fold, even if it closed nothing, while `has_idle`.

        Parameters
        ----------
        pieces : BAR[]
            Of `InstrumentStates.fold`, or of the stream if a feed made them itself.
        """
        change = Change()
        touched: dict[int, None] = {}
        columns = [pieces[name].tolist() for name in _COLUMNS]
        for feed, instrument_id, interval_s, flags, *values in zip(*columns, strict=True):
            slot = self._slot(feed, instrument_id)
            if slot is not None:
                touched[slot] = None
                self._take_one(slot, interval_s, piece(*values), flags, change)
        for slot in touched:
            if self._rewind_if_rewound(slot):
                change.resets.add(slot)
        if self.has_idle:
            self._wake(change)
        return change

    @property
    def has_idle(self) -> bool:
        """Whether an instrument was not traded since it was seeded."""
        return len(self._idle) > 0

    def _wake(self, change: Change) -> None:
        traded = self._states.rows["s_start"][self._idle] != 0
        for slot in self._idle[traded].tolist():
            if self._rewind_if_rewound(slot):
                change.resets.add(slot)
        self._idle = self._idle[~traded]

    def _slot(self, feed: int, instrument_id: int) -> int | None:
        slot = self._slots.get((feed, instrument_id))
        if slot is None:
            slot = self._states.find(feed, instrument_id)
            if slot is not None:
                self._slots[feed, instrument_id] = slot
        return slot

    def _take_one(
        self, slot: int, interval_s: int, closed: Bar, flags: int, change: Change
    ) -> None:
        start = closed[0]
        if flags & BAR_REWIND and self._void(slot, interval_s, start):
            change.resets.add(slot)
        self.series(slot, interval_s).merge(closed)
        if interval_s == MINUTE_S:
            for seconds in DERIVED:
                self.series(slot, seconds).merge(closed)
        change.bars.append((slot, interval_s, start))

    def _rewind_if_rewound(self, slot: int) -> bool:
        words = self._words(slot)
        voided = False
        if words[ROW_S_CLOSED] == REWOUND and words[ROW_S]:
            voided = self._void(slot, 1, words[ROW_S])
        if words[ROW_M_CLOSED] == REWOUND and (minute := _running_minute(words)):
            voided |= self._void(slot, MINUTE_S, minute)
        return voided

    def _void(self, slot: int, interval_s: int, start: int) -> bool:
        """Drop what is void from `start` on; fold anew what of a longer bar is left."""
        if not self.series(slot, interval_s).void_from(start):
            return False
        if interval_s == MINUTE_S:
            minutes = self.series(slot, MINUTE_S)
            for seconds in DERIVED:
                series = self.series(slot, seconds)
                series.void_from(start)
                begin = start - start % series.interval
                for row in minutes.tail(seconds // MINUTE_S).tolist():
                    if row[0] >= begin:
                        series.merge(tuple(row))
        return True

    # --- what is seen
    def running(self, slot: int, interval_s: int) -> Bar | None:
        """Return what runs now: of 1 s the second, of longer intervals the minute."""
        words = self._words(slot)
        if interval_s == 1:
            return _piece(words, ROW_S) if words[ROW_S] else None
        minute = _running_minute(words)
        if not minute:
            return None
        second = moved(_piece(words, ROW_S), minute)
        if not words[ROW_M]:
            return second
        whole = moved(_piece(words, ROW_M), minute)
        return merged(whole, second) if words[ROW_S] else whole

    def bar(self, slot: int, interval_s: int, start: int) -> Bar | None:
        """Return a bar with all that belongs to it now."""
        series = self.series(slot, interval_s)
        found = series.bar(start)
        running = self.running(slot, interval_s)
        if running is None or running[0] - running[0] % series.interval != start:
            return found
        return moved(running, start) if found is None else merged(found, running)

    def latest(self, slot: int, interval_s: int) -> int:
        """Return the start of the newest bar, running or not; -1 if there is none."""
        series = self.series(slot, interval_s)
        running = self.running(slot, interval_s)
        if running is None:
            return series.latest
        return max(series.latest, running[0] - running[0] % series.interval)

    def history(self, slot: int, interval_s: int, limit: int) -> Bars:
        """Return int64[n <= limit, COLUMNS]: the newest bars, oldest first, with what runs."""
        series = self.series(slot, interval_s)
        shown = Series(series.interval, limit)
        shown.extend(series.tail(limit))
        running = self.running(slot, interval_s)
        if running is not None:
            shown.merge(running)
        return shown.tail(limit)

    def is_last_trade(self, slot: int, interval_s: int, start: int, n: int) -> bool:
        """Whether the running bar is the one of `start`, and `n` the position of its last trade."""
        words = self._words(slot)
        running = words[ROW_S] if interval_s == 1 else _running_minute(words)
        return running == start and words[ROW_TRADE_POSITION] == n

    def _words(self, slot: int) -> list[int]:
        words: list[int] = (
            self._states.rows[slot : slot + 1].view(np.int64).reshape(ROW_WORDS).tolist()
        )
        return words


def _running_minute(words: list[int]) -> int:
    second = words[ROW_S]
    return second - second % MINUTE_NS if second else words[ROW_M]


def _piece(words: list[int], at: int) -> Bar:
    return piece(
        *(words[at], words[at + OPEN], words[at + HIGH], words[at + LOW], words[at + CLOSE]),
        *(words[at + VOLUME], words[at + TRADES]),
    )
