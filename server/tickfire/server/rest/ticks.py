"""``GET /v1/ticks``: trades and quotes of a symbol, in the order of their positions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from tickfire.archive.names import Source, day_of
from tickfire.archive.tables import TICKS
from tickfire.base.units import decimal_or_none, milliseconds
from tickfire.server.market.epoch.archive import Archive
from tickfire.server.market.epoch.live import LiveMarket
from tickfire.server.market.ticks.source import Listing
from tickfire.server.rest import columns
from tickfire.server.rest.page import Page
from tickfire.server.rest.params import BadQuery, Query, cursor_numbers
from tickfire.server.rest.recorded import RecordedName
from tickfire.server.rest.tick_time import TOLERANCE_NS, seek_time
from tickfire.store.entries import TickEntry
from tickfire.store.epoch import Epoch
from tickfire.store.schema import TICK, TICK_ASK, TICK_BID, TICK_CLEAR, TICK_TRADE, Rows

if TYPE_CHECKING:
    from tickfire.archive.files import DataFile
    from tickfire.archive.reading import ArchiveReader

KINDS: Final = {TICK_TRADE: "trade", TICK_BID: "bid", TICK_ASK: "ask", TICK_CLEAR: "clear"}
FIELDS: Final = ("ts_event", "kind", "price", "size", "side", "sequence")
GONE: Final = "cursor is of an epoch that is held no longer; begin with start, without a cursor."
READ_ENTRIES: Final = 64
"""Entries that are unpacked at a time, within about a millisecond."""
MAX_READS: Final = 32
"""Reads of Redis for one page, which then may have fewer rows than its limit."""

type Found = list[tuple[str, Rows, np.ndarray[Any, Any]]]
"""Epochs (hex), each with ticks and their positions."""


@dataclass(frozen=True, slots=True)
class _Part:
    """Ticks of a page, and where it goes on.

    Attributes
    ----------
    found : Found
    epoch : str
    after : int
        The position to go on after.
    is_whole : bool
        True if its source has no more.
    """

    found: Found
    epoch: str
    after: int
    is_whole: bool


class TickPages:
    """Pages of ticks, from the archive and then from Redis.

    Parameters
    ----------
    archive : Archive or None
    """

    def __init__(self, archive: Archive | None) -> None:
        self._archive = archive

    async def page(self, live: LiveMarket, listing: Listing, query: Query) -> Page:
        """Return the ticks of a range of time after the cursor.

        There may be fewer than the limit, or none, although there is a next page.

        Raises
        ------
        BadQuery
            The cursor is not valid, or its epoch is gone.
        RedisUnavailable, ArchiveUnavailable
            They cannot be read now.
        """
        epoch, after = _begin(query)
        own = live.data.epochs[listing.stream.feed].key.hex()
        if self._archive is None:
            if epoch not in ("", own):
                raise BadQuery(GONE)
            part = _Part([], own, after, True)
        else:
            part = await self._of_files(self._archive, listing, query, epoch, after, own)
        found, epoch, after = part.found, part.epoch, part.after
        left = query.limit - sum(len(rows) for _, rows, _ in found)
        is_last = False
        if part.is_whole and left > 0:
            newer = await self._of_redis(live, listing, query, own, after, left)
            found, after, is_last = found + newer.found, newer.after, newer.is_whole
        cursor = None if is_last else f"{int(epoch, 16)}-{after}"
        return _page(found, cursor, listing.symbol)

    async def recorded(self, archive: Archive, name: RecordedName, query: Query) -> Page:
        """Return the ticks of an instrument that the archive alone has; see `page`."""
        epoch, after = _begin(query)
        kind = None if query.kind is None else _number(query.kind)

        def read(reader: ArchiveReader) -> _Part:
            days = day_of(query.start), day_of(query.end)
            files = reader.files(TICKS, name.symbol, *days)
            recorded = {one: reader.last(TICKS, one) for one in {f.about.source for f in files}}
            files = [file for file in files if file.about.first <= recorded[file.about.source]]
            sources = [one for one in reader.epochs(files) if _is_of(one, name.feed)]
            if epoch:
                names = [source.epoch for source in sources]
                if epoch not in names:
                    raise BadQuery(GONE)
                sources = sources[names.index(epoch) :]
            return _read(reader, files, sources, query, (epoch, after), kind)

        part = await archive.read(read)
        cursor = None if part.is_whole else f"{int(part.epoch, 16)}-{part.after}"
        return _page(part.found, cursor, name.shown)

    async def _of_files(
        self, archive: Archive, listing: Listing, query: Query, epoch: str, after: int, own: str
    ) -> _Part:
        feed = listing.stream.feed
        kind = None if query.kind is None else _number(query.kind)

        def read(reader: ArchiveReader) -> _Part:
            present = Source(str(listing.stream), own)
            recorded = reader.last(TICKS, present)  # first, as more is recorded meanwhile
            days = day_of(query.start), day_of(query.end)
            files = [
                file for file in reader.files(TICKS, listing.instrument.symbol, *days)
                if file.about.source != present or file.about.first <= recorded
            ]  # fmt: skip
            sources = [one for one in reader.epochs(files) if _is_of(one, feed)]
            if epoch:
                names = _epochs_from(reader, feed, epoch, own)
                sources = [source for source in sources if source.epoch in names]
            part = _read(reader, files, sources, query, (epoch, after), kind)
            if not part.is_whole:
                return part
            is_own = bool(sources) and sources[-1].epoch == own
            begin = part.after if is_own or epoch == own else 0
            return _Part(part.found, own, max(begin, recorded[0]), True)

        return await archive.read(read)

    async def _of_redis(
        self, live: LiveMarket, listing: Listing, query: Query, own: str, after: int, limit: int
    ) -> _Part:
        history = live.history(listing.stream)
        instruments = live.data.instruments
        holders = [instruments.listings[span.slot] for span in instruments.track(listing)]
        ids = [holder.instrument.instrument_id for holder in holders]
        newest = live.data.positions[listing.stream]
        in_order = not live.data.bar_indexes[listing.stream].has_rewinds
        if in_order:
            after = await seek_time(history, query.start, after, newest)
        found: Found = []
        for _ in range(MAX_READS):
            if after >= newest or not limit:
                break
            entries, end = await history.ticks_after(after, READ_ENTRIES)
            if end <= after and not entries:
                return _Part(found, own, after, True)
            ticks, positions = _chosen(entries, ids, query)
            ticks, positions = ticks[:limit], positions[:limit]
            if len(ticks):
                found.append((own, ticks, positions))
                limit -= len(ticks)
            after = max(after, end) if limit else int(positions[-1])
            if limit and in_order and _is_past(entries, query.end):
                return _Part(found, own, after, True)
        return _Part(found, own, after, after >= newest and limit > 0)


def _is_of(source: Source, feed: int) -> bool:
    return source.stream is not None and source.stream.feed == feed


def _read(
    reader: ArchiveReader,
    files: Sequence[DataFile],
    sources: Sequence[Source],
    query: Query,
    at: tuple[str, int],
    kind: int | None,
) -> _Part:
    """Return the ticks of files that a query asks for, after a position of an epoch (hex)."""
    found: Found = []
    epoch, after = at
    left, begin = query.limit, after
    for source in sources:
        begin = after if source.epoch == epoch else 0
        part = reader.ticks(files, source, begin, query.start, query.end, left, kind)
        if len(part.ticks):
            found.append((source.epoch, part.ticks, part.positions))
            left, begin = left - len(part.ticks), int(part.positions[-1])
        if part.reached is not None:
            return _Part(found, source.epoch, part.reached, False)
        if left <= 0:
            return _Part(found, source.epoch, begin, False)
    return _Part(found, sources[-1].epoch if sources else epoch, begin, True)


def _page(found: Found, cursor: str | None, symbol: str) -> Page:
    ticks, positions, epochs = _joined(found)

    def shown(at: int, to: int) -> list[tuple[object, ...]]:
        return _rows(ticks[at:to], positions[at:to], epochs[at:to])

    return Page(columns.TICKS, len(ticks), shown, cursor, {"symbol": symbol})


def _epochs_from(reader: ArchiveReader, feed: int, epoch: str, own: str) -> list[str]:
    """Return the epochs of a feed (hex) from that of a cursor on, the last one of which is its own.

    Raises
    ------
    BadQuery
        The archive does not hold it.
    """
    if epoch == own:
        return [own]
    ended = reader.log.ended(Epoch(feed, bytes.fromhex(epoch), 1), bytes.fromhex(own))
    if not ended:
        raise BadQuery(GONE)
    return [*(each.record.epoch for each in ended), own]


def _begin(query: Query) -> tuple[str, int]:
    """Return the epoch and the position that the cursor names."""
    if not query.cursor:
        return "", 0
    epoch, after = cursor_numbers(query.cursor, 2)
    return f"{epoch:016x}", after


def _chosen(
    entries: list[TickEntry], ids: list[int], query: Query
) -> tuple[Rows, np.ndarray[Any, Any]]:
    """Return the ticks of entries that a query asks for, and their positions."""
    if not entries:
        return np.zeros(0, TICK), np.zeros(0, np.int64)
    ticks = np.concatenate([entry.ticks for entry in entries])
    positions = np.concatenate([np.arange(entry.first, entry.last + 1) for entry in entries])
    chosen = np.isin(ticks["instrument_id"], ids)
    chosen &= (ticks["ts_event"] >= query.start) & (ticks["ts_event"] < query.end)
    if query.kind is not None:
        chosen &= ticks["kind"] == _number(query.kind)
    return ticks[chosen], positions[chosen]


def _is_past(entries: list[TickEntry], end: int) -> bool:
    """Return whether the last entry is so far after a range of time that none of it follows."""
    return bool(entries) and int(entries[-1].ticks["ts_event"].min()) >= end + TOLERANCE_NS


def _joined(found: Found) -> tuple[Rows, np.ndarray[Any, Any], list[str]]:
    parts = [np.zeros(0, TICK), *(rows for _, rows, _ in found)]
    places = [np.zeros(0, np.int64), *(at.astype(np.int64) for _, _, at in found)]
    epochs = [epoch for epoch, rows, _ in found for _ in range(len(rows))]
    return np.concatenate(parts), np.concatenate(places), epochs


def _number(kind: str) -> int:
    return next(number for number, name in KINDS.items() if name == kind)


def _rows(
    ticks: Rows, positions: np.ndarray[Any, Any], epochs: list[str]
) -> list[tuple[object, ...]]:
    return [
        (
            milliseconds(ts_event),
            str(ts_event),
            KINDS.get(kind, str(kind)),
            decimal_or_none(price),
            size,
            chr(side).strip("\0") or None,
            sequence,
            epoch,
            position,
        )
        for ts_event, kind, price, size, side, sequence, position, epoch in zip(
            *(ticks[name].tolist() for name in FIELDS), positions.tolist(), epochs, strict=True
        )
    ]
