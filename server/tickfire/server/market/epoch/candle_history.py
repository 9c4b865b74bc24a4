"""`CandleHistory`: the bars of a symbol before a time: of memory, of Redis, then of the archive."""

from __future__ import annotations

import numpy as np

from tickfire.server.market.candles import tracks
from tickfire.server.market.candles.archived import Older
from tickfire.server.market.candles.bar_index import key_of
from tickfire.server.market.candles.series import START, VOLUME, Bars, bar_of, merged
from tickfire.server.market.epoch.archive import Archive, Begun
from tickfire.server.market.epoch.live import LiveMarket
from tickfire.server.market.ticks.source import Listing
from tickfire.store.schema import MINUTE_S


class CandleHistory:
    """Reader of bars, however old.

    Parameters
    ----------
    archive : Archive or None
        None if there are no files.
    """

    def __init__(self, archive: Archive | None) -> None:
        self.archive = archive

    async def before(
        self, live: LiveMarket, listing: Listing, interval_s: int, end: int, limit: int
    ) -> Older:
        """Return the newest bars that start before a time (ns).

        There may be fewer than `limit`, or none, although there are more.

        Raises
        ------
        RedisUnavailable, ArchiveUnavailable
            They cannot be read now.
        """
        bars, more = await self._of_redis(live, listing, interval_s, end, limit)
        if more or self.archive is None:
            return Older(bars, more, _first(bars))
        # Redis has nothing older: its first bar may lack trades of before the epoch, or trimmed.
        before = int(bars[0, START]) + 1 if len(bars) else end
        older, is_before = await self.archive.bars_before(
            listing.stream.feed,
            listing.instrument.symbol,
            interval_s,
            before,
            limit - len(bars) + 1,
            listing.hours,
            _begun(live, listing) if len(bars) else None,
        )
        whole = _joined(older.bars, bars, is_parted=is_before)
        if len(whole) > limit:
            newest = whole[-limit:]
            return Older(newest, True, _first(newest))
        return Older(whole, older.more, older.reached)

    async def _of_redis(
        self, live: LiveMarket, listing: Listing, interval_s: int, end: int, limit: int
    ) -> tuple[Bars, bool]:
        if live.older.needs_stream(listing, interval_s, end):
            return await live.older.read(listing, interval_s, end, limit)
        track = live.data.instruments.track(listing)
        bars = tracks.before(live.data.candles, track, interval_s, end, limit).copy()
        return bars, live.older.has(track, interval_s, bars)


def _begun(live: LiveMarket, listing: Listing) -> Begun | None:
    """Return the present epoch of an instrument, None unless Redis has all of its bars."""
    index = live.data.bar_indexes[listing.stream]
    about = listing.instrument
    if not index.is_whole:
        return None
    closed = index.oldest(key_of(about.feed, about.instrument_id, MINUTE_S))
    row = live.data.states.rows[listing.slot]
    running = int(row["m_start"]) or None
    starts = [start for start in (closed, running) if start is not None]
    return Begun(live.data.epochs[listing.stream.feed].key, min(starts)) if starts else None


def _joined(older: Bars, newer: Bars, *, is_parted: bool) -> Bars:
    """Join bars of files and of Redis.

    Of those with one start, the fuller one is whole, or each has a part if `is_parted`.
    """
    if len(older) and len(newer) and older[-1, START] == newer[0, START]:
        if is_parted:
            both = np.array([merged(bar_of(older[-1]), bar_of(newer[0]))], np.int64)
            return np.concatenate([older[:-1], both, newer[1:]])
        if older[-1, VOLUME] >= newer[0, VOLUME]:
            newer = newer[1:]
        else:
            older = older[:-1]
    return np.concatenate([older, newer])


def _first(bars: Bars) -> int:
    return int(bars[0, START]) if len(bars) else 0
