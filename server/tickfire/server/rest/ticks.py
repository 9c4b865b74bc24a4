"""``GET /v1/ticks``: trades and quotes of a symbol, in the order of their positions."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from tickfire.archive.names import Source, day_of
from tickfire.archive.tables import TICKS
from tickfire.base.units import decimal_or_none, milliseconds
from tickfire.server.market.epoch.archive import Archive
from tickfire.server.market.epoch.live import LiveMarket
from tickfire.server.market.ticks.source import Listing
from tickfire.server.rest.page import Page
from tickfire.server.rest.params import LATEST_NS, Query, cursor_numbers
from tickfire.store.entries import TickEntry
from tickfire.store.schema import TICK, TICK_ASK, TICK_BID, TICK_CLEAR, TICK_TRADE, Rows

COLUMNS: Final = (
    "time", "ts_event", "kind", "price", "size", "side", "sequence", "epoch", "position",
)  # fmt: skip
KINDS: Final = {TICK_TRADE: "trade", TICK_BID: "bid", TICK_ASK: "ask", TICK_CLEAR: "clear"}
FIELDS: Final = ("ts_event", "kind", "price", "size", "side", "sequence")
READ_ENTRIES: Final = 256
MAX_READS: Final = 8
"""Reads of Redis for one page, which then may have fewer rows than its limit."""

type Found = list[tuple[str, Rows, np.ndarray[Any, Any]]]
"""Epochs (hex), each with ticks and their positions."""


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

        Raises
        ------
        BadQuery
            The cursor is not valid.
        RedisUnavailable, ArchiveBusy, ArchiveUnavailable
            They cannot be read now.
        """
        epoch, after = self._begin(query)
        found: Found = []
        own = live.data.epochs[listing.stream.feed].key.hex()
        if self._archive is not None:
            found, epoch, after = await self._of_files(listing, query, epoch, after, own)
        elif epoch != own:
            epoch, after = own, 0
        left = query.limit - sum(len(rows) for _, rows, _ in found)
        is_last = False
        if left > 0:
            rows, positions, after, is_last = await self._of_redis(
                live, listing, query, after, left
            )
            found.append((own, rows, positions))
        cursor = None if is_last else f"{int(epoch, 16)}-{after}"
        return Page(COLUMNS, _rows(found), cursor, {"symbol": listing.symbol})

    def _begin(self, query: Query) -> tuple[str, int]:
        if not query.cursor:
            return "", 0
        epoch, after = cursor_numbers(query.cursor, 2)
        return f"{epoch:016x}", after

    async def _of_files(
        self, listing: Listing, query: Query, epoch: str, after: int, own: str
    ) -> tuple[Found, str, int]:
        """Return ticks of files, and the epoch and position to go on after."""
        assert self._archive is not None
        feed = listing.stream.feed
        kind = None if query.kind is None else _number(query.kind)

        def read(reader: Any) -> tuple[Found, str, int]:
            days = day_of(query.start), day_of(min(query.end, LATEST_NS))
            files = reader.files(TICKS, listing.instrument.symbol, *days)
            sources = [
                source for source in reader.epochs(files)
                if source.stream is not None and source.stream.feed == feed
            ]  # fmt: skip
            if epoch:
                at = [source.epoch for source in sources]
                sources = sources[at.index(epoch) :] if epoch in at else []
            found: Found = []
            left, begin = query.limit, after
            for source in sources:
                begin = after if source.epoch == epoch else 0
                rows, positions = reader.ticks(
                    files, source, begin, query.start, query.end, left, kind
                )
                if len(rows):
                    found.append((source.epoch, rows, positions))
                    left, begin = left - len(rows), int(positions[-1])
                if left <= 0:
                    return found, source.epoch, begin
            is_own = bool(sources) and sources[-1].epoch == own
            begin = begin if is_own or epoch == own else 0
            return found, own, max(begin, reader.last(TICKS, Source(str(listing.stream), own))[0])

        return await self._archive.read(read)

    async def _of_redis(
        self, live: LiveMarket, listing: Listing, query: Query, after: int, limit: int
    ) -> tuple[Rows, np.ndarray[Any, Any], int, bool]:
        history = live.history(listing.stream)
        instruments = live.data.instruments
        holders = [instruments.listings[span.slot] for span in instruments.track(listing)]
        ids = [holder.instrument.instrument_id for holder in holders]
        parts: list[Rows] = []
        places: list[np.ndarray[Any, Any]] = []
        newest = live.data.positions[listing.stream]
        if after >= newest:
            return (*_joined(parts, places), after, True)
        for _ in range(MAX_READS):
            entries, end = await history.ticks_after(after, READ_ENTRIES)
            for entry in entries:
                ticks, positions = entry.ticks, np.arange(entry.first, entry.last + 1)
                chosen = np.isin(ticks["instrument_id"], ids)
                chosen &= (ticks["ts_event"] >= query.start) & (ticks["ts_event"] < query.end)
                if query.kind is not None:
                    chosen &= ticks["kind"] == _number(query.kind)
                at = np.flatnonzero(chosen)[:limit]
                parts.append(ticks[at])
                places.append(positions[at])
                limit -= len(at)
                after = entry.last
                if limit <= 0:
                    return (*_joined(parts, places), int(places[-1][-1]), False)
            if end <= after and not entries:
                break
            after = max(after, end)
            if after >= newest or _is_past(entries, query.end):
                return (*_joined(parts, places), after, True)
        return (*_joined(parts, places), after, after >= newest or not parts)


def _is_past(entries: list[TickEntry], end: int) -> bool:
    """Return whether the last entry is after a range of time."""
    return bool(entries) and int(entries[-1].ticks["ts_event"].min()) >= end


def _joined(parts: list[Rows], places: list[Any]) -> tuple[Rows, np.ndarray[Any, Any]]:
    if not parts:
        return np.zeros(0, TICK), np.zeros(0, np.int64)
    return np.concatenate(parts), np.concatenate(places)


def _number(kind: str) -> int:
    return next(number for number, name in KINDS.items() if name == kind)


def _rows(found: Found) -> list[tuple[object, ...]]:
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
        for epoch, rows, positions in found
        for ts_event, kind, price, size, side, sequence, position in zip(
            *(rows[name].tolist() for name in FIELDS), positions.tolist(), strict=True
        )
    ]
