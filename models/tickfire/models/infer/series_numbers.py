"""`SeriesNumbers`: ticks by symbol, for kernels whose states are by instrument id."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tickfire.models.infer.instruments import Instruments, SeriesKey
from tickfire.store.mappings import Mappings
from tickfire.store.schema import TICK_CLEAR, Rows

NUMBERS: Final = 2**32


class Part(NamedTuple):
    """Some ticks of an entry, one after another.

    Attributes
    ----------
    at : int
        Index of the first among the ticks of the entry.
    ticks : TICK[n]
        The ticks, with numbers of series in the place of instrument ids.
    moved : tuple of int
        Series that go on with another instrument from here.
    """

    at: int
    ticks: Rows
    moved: tuple[int, ...] = ()


class SeriesNumbers:
    """Numbers of the series of a feed, to be used like instrument ids.

    The number of a series is the first id of its symbol, unless that id had another name before;
    then it is one from the top of the range.

    Parameters
    ----------
    instruments : Instruments
    """

    def __init__(self, instruments: Instruments) -> None:
        self._instruments = instruments
        self._mappings: Mappings | None = None
        self._is_moved = False
        self._bounds: NDArray[np.int64] = np.zeros(0, np.int64)
        self._numbers: dict[SeriesKey, int] = {}
        self._known: dict[int, int] = {}  # by the number of the period, and the id
        self._next = NUMBERS
        self._holders: dict[int, int] = {}
        self._newest = 0

    def parts(self, ticks: Rows) -> Iterator[Part]:
        """Yield the ticks of an entry by series, in parts between which series move."""
        feed = int(ticks["feed"][0])
        self._follow_table(feed)
        if not self._is_moved:
            yield Part(0, ticks)
            return
        times = self._times(ticks)
        periods = np.searchsorted(self._bounds, times, "right")
        keys = periods << 32 | ticks["instrument_id"]
        found, firsts, which = np.unique(keys, return_index=True, return_inverse=True)
        for key, at in zip(found.tolist(), firsts.tolist(), strict=True):
            if key not in self._known:
                number = self._number(feed, int(ticks["instrument_id"][at]), int(times[at]))
                self._known[key] = number
        numbers = [self._known[key] for key in found.tolist()]
        named = ticks.copy()
        named["instrument_id"] = np.array(numbers, np.uint32)[which]
        yield from self._parted(ticks, named, firsts)

    def _follow_table(self, feed: int) -> None:
        mappings = self._instruments.mappings
        if mappings is self._mappings:
            return
        self._mappings = mappings
        self._is_moved = mappings.is_moved(feed)
        self._bounds = np.array(mappings.bounds(feed), np.int64)
        self._known.clear()

    def _times(self, ticks: Rows) -> NDArray[np.int64]:
        """Return the times of ticks; a clear has that of the tick before it, or else after it."""
        timed = np.flatnonzero(ticks["kind"] != TICK_CLEAR)
        if not len(timed):
            return np.full(len(ticks), self._newest, np.int64)
        before = np.searchsorted(timed, np.arange(len(ticks)), "right") - 1
        times: NDArray[np.int64] = ticks["ts_event"][timed[np.maximum(before, 0)]]
        self._newest = int(times[-1])
        return times

    def _number(self, feed: int, instrument_id: int, ts: int) -> int:
        series = self._instruments.series(feed, instrument_id, ts)
        number = self._numbers.get(series)
        if number is None:
            number = self._numbers[series] = self._new_number(series, instrument_id)
        return number

    def _new_number(self, series: SeriesKey, instrument_id: int) -> int:
        mappings = self._instruments.mappings
        first = mappings.first_id(*series)
        if first is not None:
            return first
        if not mappings.rows(series.feed, instrument_id):
            return instrument_id
        self._next -= 1
        return self._next

    def _parted(self, ticks: Rows, named: Rows, firsts: NDArray[np.intp]) -> Iterator[Part]:
        begin, moved = 0, set[int]()
        firsts = np.sort(firsts)
        numbers, ids = named["instrument_id"][firsts], ticks["instrument_id"][firsts]
        for at, number, holder in zip(firsts.tolist(), numbers.tolist(), ids.tolist(), strict=True):
            first = number if number < self._next else holder
            if self._holders.setdefault(number, first) == holder:
                continue
            self._holders[number] = holder
            if at > begin:
                yield Part(begin, named[begin:at], tuple(moved))
                begin, moved = at, set()
            moved.add(number)
        yield Part(begin, named[begin:], tuple(moved))
