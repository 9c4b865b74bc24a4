"""`dbn_of`: the ticks that `tickfire record` has written, as a DBN file.

Each tick becomes one MBP-1 record with the top of book as of then, so that the parse kernel makes
the same ticks of the file again, in their order. The file is kept beside those of bought history
and made anew once more is recorded.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import numpy as np

from tickfire.archive.names import COMMITS
from tickfire.base.errors import UserError
from tickfire.base.extras import require_extra
from tickfire.base.units import NS_PER_S, UNDEF_PRICE
from tickfire.ingest.dbn.layout import ACTION_CLEAR, ACTION_TRADE, RTYPE_MBP_1
from tickfire.ingest.dbn.metadata import MappingInterval, Metadata, SymbolMapping
from tickfire.ingest.dbn.records import MBP_1
from tickfire.ingest.historical.cache import default_folder
from tickfire.store.schema import TICK_ASK, TICK_BID, TICK_CLEAR, TICK_TRADE, Instrument, Rows

CHUNK: Final = 500_000
"""Ticks that are converted at a time."""
ACTION_MODIFY: Final = ord("M")
MAX_DATASET: Final = 16
_SIDES: Final = {TICK_BID: ord("B"), TICK_ASK: ord("A"), TICK_CLEAR: ord("N")}


def is_archive(path: str | Path) -> bool:
    """Return whether a path is the folder of an archive, or an address of fsspec."""
    return "://" in str(path) or (Path(path) / COMMITS).is_dir()


def dbn_of(target: str | Path) -> Path:
    """Return a DBN file of the ticks of an archive, which is made unless it is up to date.

    Raises
    ------
    UserError
        The archive has no ticks, or those of several feeds; or its packages are not installed.
    """
    require_extra("archive", "a folder of `tickfire record`")
    from tickfire.archive.reading import ArchiveReader
    from tickfire.archive.tables import TICKS
    from tickfire.archive.target import Target

    opened = Target(str(target))
    reader = ArchiveReader(opened)
    try:
        sources = reader.sources(TICKS)
        if not sources:
            raise UserError(f"{opened.shown} has no ticks; `tickfire record` writes them.")
        feeds = sorted({source.stream.feed for source in sources if source.stream is not None})
        if len(feeds) > 1:
            named = ", ".join(map(str, feeds))
            raise UserError(
                f"{opened.shown} has ticks of the feeds {named}; record each to a folder."
            )
        ends = {source: _end_of(reader, source, sources) for source in sources}
        lasts = ((source, reader.last(TICKS, source), end) for source, end in ends.items())
        state = repr([str(target), *lasts])
        name = hashlib.sha256(state.encode()).hexdigest()[:24]
        path = default_folder() / "archived" / f"{name}.dbn"
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            fresh = path.with_suffix(f".{os.getpid()}")
            try:
                _write(fresh, reader, ends)
                fresh.replace(path)
            finally:
                fresh.unlink(missing_ok=True)
        return path
    finally:
        reader.close()


def _end_of(reader: Any, source: Any, sources: list[Any]) -> int | None:
    """Return the position after which a source's ticks come again in the next epoch, or None."""
    end: int | None = reader.log.told_end(source.stream, source.epoch)
    is_last = source.epoch == sources[-1].epoch  # the next epoch is not recorded
    return None if is_last else end


def _write(path: Path, reader: Any, ends: Mapping[Any, int | None]) -> None:
    instruments = reader.instruments()
    with path.open("wb") as file:
        file.write(_metadata(instruments).encode())
        for source, end in ends.items():
            for chunk in _chunks(reader, source, end):
                file.write(chunk.tobytes())


def _chunks(reader: Any, source: Any, end: int | None) -> Iterator[Rows]:
    tops: dict[int, tuple[int, int, int, int]] = {}
    after = 0
    while True:
        ticks, positions, _ = reader.all_ticks(source, after, CHUNK)
        if not len(ticks):
            return
        after = int(positions[-1])
        wanted = ticks if end is None else ticks[positions <= end]
        yield _records(wanted, tops)
        if len(wanted) < len(ticks):
            return


def _records(ticks: Rows, tops: dict[int, tuple[int, int, int, int]]) -> Rows:
    """Return MBP_1[n] of ticks; `tops` has the last top of book of each instrument."""
    made = np.zeros(len(ticks), MBP_1)
    made["length"], made["rtype"] = MBP_1.itemsize // 4, RTYPE_MBP_1
    for name in ("ts_event", "instrument_id", "price", "size", "sequence", "flags", "side"):
        made[name] = ticks[name]
    made["ts_recv"] = ticks["ts_event"]
    made["action"] = ACTION_MODIFY
    made["action"][ticks["kind"] == TICK_TRADE] = ACTION_TRADE
    made["action"][ticks["kind"] == TICK_CLEAR] = ACTION_CLEAR
    for kind, side in _SIDES.items():
        made["side"][ticks["kind"] == kind] = side
    for number in np.unique(ticks["instrument_id"]).tolist():
        at = np.flatnonzero(ticks["instrument_id"] == number)
        levels = _levels(ticks[at], tops.get(number, (UNDEF_PRICE, 0, UNDEF_PRICE, 0)))
        for name, values in zip(
            ("bid_px_00", "bid_sz_00", "ask_px_00", "ask_sz_00"), levels, strict=True
        ):
            made[name][at] = values
        bid, bid_size, ask, ask_size = (int(values[-1]) for values in levels)
        tops[number] = bid, bid_size, ask, ask_size
    return made


def _levels(ticks: Rows, top: tuple[int, int, int, int]) -> list[np.ndarray[Any, Any]]:
    """Return the price and size of bid and ask as of each tick of one instrument."""
    found = []
    for kind, price, size in ((TICK_BID, *top[:2]), (TICK_ASK, *top[2:])):
        clears = ticks["kind"] == TICK_CLEAR
        changes = (ticks["kind"] == kind) | clears
        prices = np.append(price, np.where(clears, UNDEF_PRICE, ticks["price"]))
        sizes = np.append(size, np.where(clears, 0, ticks["size"]))
        last = np.maximum.accumulate(np.where(changes, np.arange(1, len(ticks) + 1), 0))
        found += [prices[last], sizes[last]]
    return found


def _metadata(instruments: list[Instrument]) -> Metadata:
    by_symbol: dict[str, list[MappingInterval]] = {}
    for row in sorted(instruments, key=lambda row: (row.symbol, row.start)):
        first = _date(row.start) if row.start else date(1970, 1, 1)
        last = _date(row.end - 1) + timedelta(days=1) if row.end else date(2200, 1, 1)
        interval = MappingInterval(first, last, str(row.instrument_id))
        by_symbol.setdefault(row.symbol, []).append(interval)
    dataset = next((row.dataset for row in instruments if row.dataset), "ARCHIVE")
    return Metadata(
        dataset[:MAX_DATASET],
        "mbp-1",
        stype_in="raw_symbol",
        symbols=tuple(by_symbol),
        mappings=tuple(SymbolMapping(name, tuple(rows)) for name, rows in by_symbol.items()),
    )


def _date(ns: int) -> date:
    return datetime.fromtimestamp(ns // NS_PER_S, UTC).date()
