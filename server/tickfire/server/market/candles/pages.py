"""`BarPages`: bars as the JSON of replies, encoded once for all clients until the bars change."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Final, NamedTuple

import msgspec

from tickfire.base.units import milliseconds
from tickfire.server.market.candles import tracks
from tickfire.server.market.candles.candles import Candles
from tickfire.server.market.candles.json import bars_as_json
from tickfire.server.market.candles.series import START, Bars
from tickfire.server.market.candles.tracks import Track
from tickfire.store.mappings import EVER

MAX_BYTES: Final = 16 << 20
"""Bytes of JSON that are kept."""


class BarPage(NamedTuple):
    """Bars of a reply.

    Attributes
    ----------
    bars : msgspec.Raw
        The bars as JSON, oldest first.
    more : bool
        True if there are older ones.
    oldest : int or None
        The start of the first bar, in ms since the Unix epoch; None if there are no bars.
    """

    bars: msgspec.Raw
    more: bool
    oldest: int | None

    @classmethod
    def of(cls, bars: Bars, *, more: bool) -> BarPage:
        """Return the page of int64[n, COLUMNS]."""
        oldest = milliseconds(int(bars[0, START])) if len(bars) else None
        return cls(bars_as_json(bars), more, oldest)


type _Key = tuple[Track, int, int, int]
type _Version = tuple[tuple[int, ...], ...]


class BarPages:
    """The pages that were asked for last; the least recently used go first.

    Parameters
    ----------
    candles : Candles
    has_older : callable
        Called with a track, an interval and bars; returns whether there are older bars.
    max_bytes : int
        Bytes of JSON that are kept.
    """

    def __init__(
        self,
        candles: Candles,
        has_older: Callable[[Track, int, Bars], bool],
        max_bytes: int = MAX_BYTES,
    ) -> None:
        self._candles = candles
        self._has_older = has_older
        self._max_bytes = max_bytes
        self._bytes = 0
        self._pages: OrderedDict[_Key, tuple[_Version, BarPage]] = OrderedDict()

    def newest(self, track: Track, interval_s: int, limit: int) -> BarPage:
        """Return the newest bars of a symbol, with the running one."""
        return self.before(track, interval_s, EVER, limit)

    def before(self, track: Track, interval_s: int, time: int, limit: int) -> BarPage:
        """Return the newest bars in memory that start before a time (ns)."""
        key = track, interval_s, time, limit
        version = tuple(self._candles.version(span.slot) for span in track)
        kept = self._pages.get(key)
        if kept is not None and kept[0] == version:
            self._pages.move_to_end(key)
            return kept[1]
        if time == EVER:
            bars = tracks.history(self._candles, track, interval_s, limit)
        else:
            bars = tracks.before(self._candles, track, interval_s, time, limit)
        page = BarPage.of(bars, more=self._has_older(track, interval_s, bars))
        self._keep(key, version, page)
        return page

    def _keep(self, key: _Key, version: _Version, page: BarPage) -> None:
        self._drop(key)
        self._pages[key] = version, page
        self._bytes += len(bytes(page.bars))
        while self._bytes > self._max_bytes:
            self._drop(next(iter(self._pages)))

    def _drop(self, key: _Key) -> None:
        kept = self._pages.pop(key, None)
        if kept is not None:
            self._bytes -= len(bytes(kept[1].bars))
