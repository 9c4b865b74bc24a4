"""`OlderCandles`: bars before those in memory, over the instruments that a symbol stood for."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tickfire.server.market.candles import tracks
from tickfire.server.market.candles.older import OlderBars
from tickfire.server.market.candles.series import START, Bars
from tickfire.server.market.candles.tracks import Span, Track
from tickfire.server.market.epoch.data import MarketData
from tickfire.server.market.ticks.source import Listing
from tickfire.store.schema import Stream


class OlderCandles:
    """Finder of older bars, in memory and in the streams.

    Parameters
    ----------
    data : MarketData
    older : callable
        Called with a stream; returns the reader of its old bars.
    """

    def __init__(self, data: MarketData, older: Callable[[Stream], OlderBars]) -> None:
        self._data = data
        self._older = older

    def needs_stream(self, listing: Listing, interval_s: int, before: int) -> bool:
        """Return whether the bars before a time (ns) are to be read from the stream."""
        candles, track = self._data.candles, self._data.instruments.track(listing)
        return tracks.is_truncated(candles, track, interval_s) and not tracks.has_before(
            candles, track, interval_s, before
        )

    def has(self, track: Track, interval_s: int, bars: Bars) -> bool:
        """Return whether there are bars older than some of a symbol that memory holds."""
        if not len(bars):
            return False
        candles, oldest = self._data.candles, int(bars[0, START])
        if tracks.has_before(candles, track, interval_s, oldest):
            return True
        return tracks.is_truncated(candles, track, interval_s) and any(
            self._older(holder.stream).has(
                holder.instrument, interval_s, min(oldest, span.end), self._data.hours_of(span.slot)
            )
            for span, holder in self._holders(track)
        )

    async def read(
        self, listing: Listing, interval_s: int, before: int, limit: int
    ) -> tuple[Bars, bool]:
        """Return the newest bars of a symbol that start before a time (ns), as `OlderBars.read`.

        Raises
        ------
        RedisUnavailable
            Redis does not answer in time, or answers with an error.
        """
        parts: list[Bars] = []
        holders = self._holders(self._data.instruments.track(listing))
        for at in reversed(range(len(holders))):
            span, holder = holders[at]
            left = limit - sum(map(len, parts))
            bars, more = await self._older(holder.stream).read(
                holder.instrument,
                interval_s,
                min(before, span.end),
                left,
                self._data.hours_of(span.slot),
            )
            bounds = self._data.candles.bounds(span.slot, interval_s)
            parts.insert(0, tracks.clipped(bars, span, bounds))
            if len(parts[0]) == left:
                return np.concatenate(parts), more or at > 0
        return np.concatenate([tracks.NO_BARS, *parts]), False

    def _holders(self, track: Track) -> list[tuple[Span, Listing]]:
        return [(span, self._data.instruments.listings[span.slot]) for span in track]
