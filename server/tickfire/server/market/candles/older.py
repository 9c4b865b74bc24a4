"""Bars that are too old to be kept in memory, read from a shard's stream of bars."""

from __future__ import annotations

from typing import Final

import numpy as np

from tickfire.base.calendar.bounds import Bounds, mondays_of, week_after
from tickfire.base.calendar.hours import ALWAYS, TradingHours
from tickfire.server.market.candles.bar_index import BarIndex, Part, Span, key_of, keys_of
from tickfire.server.market.candles.pieces import whole_bars
from tickfire.server.market.candles.series import COLUMNS, NONE, START, Bars, fold, overlaid
from tickfire.server.market.candles.sources import DAYS_PER_WEEK, source_bounds, sources_of
from tickfire.store.entries import all_bars_of
from tickfire.store.history import History
from tickfire.store.schema import BAR, DAY_S, WEEK_S, Instrument, Rows, Stream, bars_key

SLICE_ENTRIES: Final = 64
"""Entries in one request: at most 64 x 256 bars, which are decoded without a pause."""

type Read = dict[Part, tuple[int, Rows]]
"""By part: the number of pieces of the key that it held when it was read, and BAR[] of them."""


class OlderBars:
    """Reader of the old bars of one shard.

    Parameters
    ----------
    history : History
    index : BarIndex
        The index of the same shard.
    stream : Stream
    """

    def __init__(self, history: History, index: BarIndex, stream: Stream) -> None:
        self._history = history
        self._index = index
        self._stream = bars_key(stream)

    def close(self) -> None:
        """Close the connection."""
        self._history.close()

    def has(
        self, instrument: Instrument, interval_s: int, before: int, hours: TradingHours = ALWAYS
    ) -> bool:
        """Return whether the stream holds bars of an instrument that start before a time."""
        return any(
            self._index.spans(
                _key(instrument, source_s), source_bounds(interval_s, source_s, hours).begin(before)
            )
            for source_s in sources_of(interval_s)
        )

    async def read(
        self,
        instrument: Instrument,
        interval_s: int,
        before: int,
        limit: int,
        hours: TradingHours = ALWAYS,
    ) -> tuple[Bars, bool]:
        """Return the newest bars that start before a time, and whether there are older ones.

        Parts are read from the newest on, until no other can change the bars. Bars that are closed
        or voided meanwhile are regarded.

        Parameters
        ----------
        instrument : Instrument
        interval_s : int
            The usual length of a bar, in seconds.
        before : int
            In ns since the Unix epoch.
        limit : int
            The maximum number of bars.
        hours : TradingHours
            Those of the instrument.

        Returns
        -------
        bars : int64[n <= limit, COLUMNS]
            Oldest first.
        more : bool

        Raises
        ------
        RedisUnavailable
            Redis does not answer in time, or answers with an error.
        """
        if interval_s == WEEK_S:
            return await self._read_weeks(instrument, before, limit, hours)
        layers, more = [], False
        for source_s in sources_of(interval_s):
            key, bounds = _key(instrument, source_s), source_bounds(interval_s, source_s, hours)
            bars, is_cut = await self._read(key, bounds, before, limit)
            layers.append(bars)
            more |= is_cut
        joined = overlaid(layers)
        return joined[-limit:], more or len(joined) > limit

    async def _read_weeks(
        self, instrument: Instrument, before: int, limit: int, hours: TradingHours
    ) -> tuple[Bars, bool]:
        """Fold weeks from days, of which the first week may have been read in part."""
        end = week_after(before)
        days, more = await self.read(instrument, DAY_S, end, (limit + 1) * DAYS_PER_WEEK, hours)
        weeks = fold(days, mondays_of(days[:, START]))[int(more) :]
        return weeks[-limit:], more or len(weeks) > limit

    async def _read(self, key: int, bounds: Bounds, before: int, limit: int) -> tuple[Bars, bool]:
        """Read the bars that are folded from those of one key, as `read` does."""
        read: Read = {}
        end = bounds.begin(before)
        while True:
            spans = self._index.spans(key, end)
            unread = [span for span, _ in spans if read.get(span.part, (0,))[0] != span.pieces]
            bars = _bars(spans, read, before, bounds)
            # A part that is not read yet may add to any bar that is not newer than its newest.
            newest = bounds.start_of(max(span.newest for span in unread)) if unread else NONE
            settled = bars[np.searchsorted(bars[:, START], newest, "right") :]
            if not unread or len(settled) > limit:
                return settled[-limit:], len(settled) > limit
            span = max(unread, key=lambda span: span.newest)
            read[span.part] = span.pieces, await self._pieces(span.part, key)

    async def _pieces(self, part: Part, key: int) -> Rows:
        """Read BAR[] of a key from a part, in the order of the stream."""
        last, found = part.last, [np.zeros(0, BAR)]
        start = part.first
        while True:
            entries = await self._history.range(self._stream, start, SLICE_ENTRIES, last)
            pieces = all_bars_of(entries)
            found.append(pieces[keys_of(pieces) == key])
            if len(entries) < SLICE_ENTRIES:
                return np.concatenate(found)
            start = b"(" + entries[-1][0]


def _key(instrument: Instrument, source_s: int) -> int:
    return key_of(instrument.feed, instrument.instrument_id, source_s)


def _bars(spans: list[tuple[Span, int]], read: Read, before: int, bounds: Bounds) -> Bars:
    """Return the bars of the parts that have been read."""
    kept = [np.zeros(0, BAR)]
    for span, void_from in spans:
        if span.part in read:
            pieces = read[span.part][1]
            kept.append(pieces[pieces["start"] < void_from])
    for group in whole_bars(np.concatenate(kept)):
        bars = fold(group.bars, bounds.starts_of(group.bars[:, START]))
        return bars[: np.searchsorted(bars[:, START], before)]
    return np.zeros((0, COLUMNS), np.int64)
