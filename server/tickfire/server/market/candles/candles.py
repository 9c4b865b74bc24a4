"""`Candles`: the bars of all instruments, as the stream of ticks makes them. No I/O.

History is loaded from ``bars:{f.s}``. Running bars are read from the `InstrumentStates`, which also
close bars, in pieces, while they fold ticks. Ingest closes the same bars from the same ticks with
the same code, so its stream is followed only for what ticks cannot tell: that feed time closed a
bar, and the bars that a feed made itself.

Bars longer than a minute are folded from closed bars of each source: from minutes, and from the
hours and days that a feed made itself. Of bars of one start, that of the longest source is shown.
Weeks are folded from the days that are shown.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Container
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tickfire.base.calendar.bounds import WEEK_NS, Bounds, bounds_of, monday_of, mondays_of
from tickfire.base.calendar.hours import ALWAYS, TradingHours
from tickfire.ingest.kernel.context import (
    ROW_M,
    ROW_M_CLOSED,
    ROW_S,
    ROW_S_CLOSED,
    ROW_TRADE_POSITION,
    ROW_WORDS,
)
from tickfire.ingest.kernel.state import InstrumentStates
from tickfire.kernels.bars import MINUTE_NS
from tickfire.server.market.candles.pieces import whole_bars
from tickfire.server.market.candles.running import folded, running_piece
from tickfire.server.market.candles.series import (
    NONE,
    SPARE,
    START,
    Bar,
    Bars,
    Series,
    bar_of,
    fold,
    merged,
    moved,
    overlaid,
    piece,
)
from tickfire.server.market.candles.sources import (
    DAYS_PER_WEEK,
    is_source,
    longer_than,
    source_bounds,
    sources_of,
)
from tickfire.store.schema import BAR_REWIND, DAY_S, INTERVALS_S, MINUTE_S, WEEK_S

LIMIT: Final = 5_000
REWOUND: Final = -1
"""Value of s_closed or m_closed in a row whose time went back, until the next bar is closed."""

_COLUMNS: Final = (
    *("feed", "instrument_id", "interval_s", "flags"),
    *("start", "open", "high", "low", "close", "volume", "trades", "vwap"),
)

type Rows = NDArray[np.void]


def seconds_of(interval: str) -> int | None:
    """Return the length of an interval in seconds, None if there is no interval of that name."""
    return INTERVALS_S.get(interval)


@dataclass(slots=True)
class Change:
    """Changes of history.

    Attributes
    ----------
    bars : list of (slot, interval_s, start)
        The pieces that were merged into closed bars; they change longer bars, too.
    resets : set of slot
        The instruments whose time went back, which voided bars.
    """

    bars: list[tuple[int, int, int]] = field(default_factory=list)
    resets: set[int] = field(default_factory=set)


class Candles:
    """Bars by slot and interval.

    Parameters
    ----------
    states : InstrumentStates
    limit : int
        The number of bars kept of each instrument and interval.
    hours_of : callable
        Called with a slot; returns the trading hours of its instrument.
    """

    def __init__(
        self,
        states: InstrumentStates,
        limit: int = LIMIT,
        hours_of: Callable[[int], TradingHours] = lambda slot: ALWAYS,
    ) -> None:
        self._states = states
        self._limit = limit
        self._hours_of = hours_of
        self._series: dict[tuple[int, int, int], Series] = {}
        self._slots: dict[tuple[int, int], int] = {}
        self._changes: Counter[int] = Counter()
        """Changes of the closed bars of each slot."""
        # Slots loaded without a running second: no piece tells when their time goes back.
        self._idle: NDArray[np.intp] = np.zeros(0, np.intp)

    def series(self, slot: int, interval_s: int, source_s: int | None = None) -> Series:
        """Return the closed bars of an instrument and interval, of a source or the shortest."""
        key = slot, interval_s, source_s or sources_of(interval_s)[0]
        found = self._series.get(key)
        if found is None:
            found = Series(self._bounds(slot, *key[1:]), self._limit)
            self._series[key] = found
        return found

    def bounds(self, slot: int, interval_s: int) -> Bounds:
        """Return the bounds of an instrument's bars."""
        return bounds_of(interval_s, self._hours_of(slot))

    def _bounds(self, slot: int, interval_s: int, source_s: int) -> Bounds:
        return source_bounds(interval_s, source_s, self._hours_of(slot))

    def start_of(self, slot: int, interval_s: int, source_s: int, time: int) -> int:
        """Return the start of the bar of an interval that a bar of a source belongs to.

        Parameters
        ----------
        slot, interval_s, source_s : int
        time : int
            The start of the bar of the source, in ns.
        """
        return self._bounds(slot, interval_s, source_s).start_of(time)

    def ends_with(self, slot: int, interval_s: int, source_s: int, time: int) -> bool:
        """Return whether the bar that `start_of` tells ends with the bar of the source."""
        hours = self._hours_of(slot)
        start = self.start_of(slot, interval_s, source_s, time)
        return bounds_of(interval_s, hours).end(start) <= bounds_of(source_s, hours).end(time)

    def _longer_sources(self, slot: int, interval_s: int) -> list[Series]:
        """Return the bars of all but the shortest source, the longest last."""
        sources = sources_of(interval_s)[1:]
        found = (self._series.get((slot, interval_s, source_s)) for source_s in sources)
        return [series for series in found if series is not None]

    def _all_sources(self, slot: int, interval_s: int) -> list[Series]:
        return [self.series(slot, interval_s), *self._longer_sources(slot, interval_s)]

    # --- loading
    def cutoffs(self) -> NDArray[np.int64]:
        """Return int64[slots, 2]: for 1 s and 1 m, the position before which pieces are history.

        Pieces from that position on will be made from ticks. To be called after the snapshots are
        loaded and before ticks are folded. A running bar contains the last trade, so that a piece
        which ends at this trade was closed after the snapshot.
        """
        rows = self._states.rows
        seconds, minutes = rows["s_start"] != 0, rows["m_start"] != 0
        cutoffs = np.empty((len(rows), 2), np.int64)
        cutoffs[:, 0] = rows["trade_n"] + ~seconds
        cutoffs[:, 1] = rows["trade_n"] + ~(seconds | minutes)
        return cutoffs

    def load(self, pieces: Rows, cutoffs: NDArray[np.int64], hole: tuple[int, int]) -> None:
        """Load the next part of a shard's history, in the order of its stream.

        Parameters
        ----------
        pieces : BAR[]
        cutoffs : int64[slots, 2]
            The result of `cutoffs`.
        hole : (int, int)
            The position before and the position after ticks that are gone, whose pieces are loaded
            even if they are not before the cutoff.
        """
        pieces = pieces[self._is_history(pieces, cutoffs, hole)]
        for group in whole_bars(pieces):
            slot = self._states.find(group.feed, group.instrument_id)
            source_s = group.interval_s
            if slot is None or not is_source(source_s):
                continue
            self._changes[slot] += 1
            if group.void_from is not None:
                self._void(slot, source_s, group.void_from)
            self.series(slot, source_s, source_s).extend(group.bars)
            for seconds in longer_than(source_s):
                longer = self.series(slot, seconds, source_s)
                longer.extend(fold(group.bars, longer.bounds.starts_of(group.bars[:, START])))

    def settle(self) -> None:
        """Finish loading: void the bars of instruments whose time went back."""
        rows = self._states.rows
        rewound = (rows["s_closed"] == REWOUND) | (rows["m_closed"] == REWOUND)
        for slot in np.flatnonzero(rewound).tolist():
            self._discard_bars_before_rewind(slot)
        self._idle = np.flatnonzero((rows["s_start"] == 0) & (rows["last_ts"] != 0))

    def forget(self, slots: Container[int]) -> None:
        """Drop the bars of some instruments."""
        for key in [key for key in self._series if key[0] in slots]:
            self._changes[key[0]] += 1
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
        positions = pieces["n"].astype(np.int64)
        after, before = hole
        keep: NDArray[np.bool_] = (
            (positions < limit)
            | (pieces["trades"] == 0)
            | ((positions > after) & (positions < before))
        )
        return keep

    # --- live
    def take(self, pieces: Rows) -> Change:
        """Merge closed pieces into their bars; return the changes.

        While `has_idle`, it must be called after each fold of ticks, even without pieces.

        Parameters
        ----------
        pieces : BAR[]
            The result of `InstrumentStates.fold`, or bars that a feed made itself.
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
            if self._discard_bars_before_rewind(slot):
                change.resets.add(slot)
        if self.has_idle:
            self._wake(change)
        return change

    @property
    def has_idle(self) -> bool:
        """True if an instrument was loaded without a running second and not traded since."""
        return len(self._idle) > 0

    def _wake(self, change: Change) -> None:
        traded = self._states.rows["s_start"][self._idle] != 0
        for slot in self._idle[traded].tolist():
            if self._discard_bars_before_rewind(slot):
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
        if not is_source(interval_s):
            return
        self._changes[slot] += 1
        if flags & BAR_REWIND and self._void(slot, interval_s, start):
            change.resets.add(slot)
        self.series(slot, interval_s, interval_s).merge(closed)
        for seconds in longer_than(interval_s):
            self.series(slot, seconds, interval_s).merge(closed)
        change.bars.append((slot, interval_s, start))

    def _discard_bars_before_rewind(self, slot: int) -> bool:
        """Void the bars at and after the running one if time went back; return whether any was."""
        words = self._words(slot)
        voided = False
        if words[ROW_S_CLOSED] == REWOUND and words[ROW_S]:
            voided = self._void(slot, 1, words[ROW_S])
        if words[ROW_M_CLOSED] == REWOUND and (minute := _running_minute(words)):
            voided |= self._void(slot, MINUTE_S, minute)
        return voided

    def _void(self, slot: int, interval_s: int, start: int) -> bool:
        """Void the bars from `start` on, and fold the rest of longer ones from this source."""
        source = self.series(slot, interval_s, interval_s)
        if not source.void_from(start):
            return False
        self._changes[slot] += 1
        for seconds in longer_than(interval_s):
            series = self.series(slot, seconds, interval_s)
            series.void_from(start)
            rows = source.tail(self._limit)
            begin = series.bounds.begin(series.bounds.start_of(start))
            rows = rows[np.searchsorted(rows[:, START], begin) :]
            series.extend(fold(rows, series.bounds.starts_of(rows[:, START])))
        return True

    def refold(self, slot: int) -> None:
        """Fold the days of an instrument again, as its trading hours are other ones."""
        self._changes[slot] += 1
        for source_s in sources_of(DAY_S)[:-1]:
            if self._series.pop((slot, DAY_S, source_s), None) is not None:
                rows = self.series(slot, source_s, source_s).tail(self._limit)
                days = self.series(slot, DAY_S, source_s)
                days.extend(fold(rows, days.bounds.starts_of(rows[:, START])))

    # --- reading
    def version(self, slot: int) -> tuple[int, ...]:
        """Return numbers that differ once any bar of an instrument has changed."""
        words = self._words(slot)
        running = words[ROW_TRADE_POSITION], words[ROW_S], words[ROW_M]
        return (self._changes[slot], *running)

    def running(self, slot: int, interval_s: int) -> Bar | None:
        """Return the running second for 1 s, the running minute for longer intervals."""
        words = self._words(slot)
        if interval_s == 1:
            return running_piece(words, ROW_S) if words[ROW_S] else None
        if not words[ROW_M]:
            return running_piece(words, ROW_S, _running_minute(words)) if words[ROW_S] else None
        if not words[ROW_S]:
            return running_piece(words, ROW_M)
        return running_piece(folded(words, ROW_M, ROW_S), 0)

    def bar(self, slot: int, interval_s: int, start: int) -> Bar | None:
        """Return the bar that begins at `start` with its running part, None if there is none."""
        if interval_s == WEEK_S:
            days = self.before(slot, DAY_S, start + WEEK_NS, DAYS_PER_WEEK)
            weeks = fold(days, mondays_of(days[:, START]))
            return bar_of(weeks[-1]) if len(weeks) and weeks[-1, START] == start else None
        for longer in reversed(self._longer_sources(slot, interval_s)):
            if (whole := longer.bar(start)) is not None:
                return whole
        series = self.series(slot, interval_s)
        found = series.bar(start)
        running = self.running(slot, interval_s)
        if running is None or series.bounds.start_of(running[START]) != start:
            return found
        return moved(running, start) if found is None else merged(found, running)

    def latest(self, slot: int, interval_s: int) -> int:
        """Return the start of the newest bar, running or closed; -1 if there is none."""
        if interval_s == WEEK_S:
            day = self.latest(slot, DAY_S)
            return day if day == NONE else monday_of(day)
        latest = max(series.latest for series in self._all_sources(slot, interval_s))
        running = self.running(slot, interval_s)
        if running is None:
            return latest
        return max(latest, self.series(slot, interval_s).bounds.start_of(running[START]))

    def history(self, slot: int, interval_s: int, limit: int) -> Bars:
        """Return int64[n <= limit, COLUMNS]: the newest bars, oldest first, and the running one."""
        if interval_s == WEEK_S:
            days = self.history(slot, DAY_S, limit * DAYS_PER_WEEK)
            return fold(days, mondays_of(days[:, START]))[-limit:]
        series = self.series(slot, interval_s)
        shown = Series(series.bounds, limit)
        shown.extend(series.tail(limit))
        running = self.running(slot, interval_s)
        if running is not None:
            shown.merge(running)
        longer = [source.tail(limit) for source in self._longer_sources(slot, interval_s)]
        return overlaid([shown.tail(limit), *longer])[-limit:]

    def before(self, slot: int, interval_s: int, time: int, limit: int) -> Bars:
        """Return int64[n <= limit, COLUMNS]: of the bars kept, the newest that start before `time`.

        They are oldest first. `time` is in ns since the Unix epoch.
        """
        bars = self.history(slot, interval_s, self._limit + SPARE)
        end = int(np.searchsorted(bars[:, START], time))
        return bars[max(0, end - limit) : end]

    def is_truncated(self, slot: int, interval_s: int) -> bool:
        """Return whether older bars were dropped because of the limit."""
        kept_s = min(interval_s, DAY_S)
        return any(series.truncated for series in self._all_sources(slot, kept_s))

    def is_last_trade(self, slot: int, interval_s: int, start: int, position: int) -> bool:
        """Return whether a bar is the running one, and a position is that of its last trade."""
        words = self._words(slot)
        running = words[ROW_S] if interval_s == 1 else _running_minute(words)
        return running == start and words[ROW_TRADE_POSITION] == position

    def _words(self, slot: int) -> list[int]:
        words: list[int] = (
            self._states.rows[slot : slot + 1].view(np.int64).reshape(ROW_WORDS).tolist()
        )
        return words


def _running_minute(words: list[int]) -> int:
    second = words[ROW_S]
    return second - second % MINUTE_NS if second else words[ROW_M]
