"""Small DBN files made by the tests, and paths of the recorded ones in ../shared."""

from __future__ import annotations

import struct
from datetime import date
from pathlib import Path
from typing import Any

import databento_dbn
import numpy as np
import pytest
import zstandard
from numpy.typing import NDArray

from tickfire.ingest.dbn.layout import (
    ACTION_TRADE,
    DBN_VERSION,
    FLAG_LAST,
    RTYPE_MBP_1,
    RTYPE_OHLCV_1S,
    RTYPE_TRADE,
    SIDE_BID,
)
from tickfire.ingest.dbn.metadata import MappingInterval, Metadata, SymbolMapping
from tickfire.ingest.dbn.records import record_dtype

START = 1_700_000_000_000_000_000
UNBOUNDED = 2**64 - 1
"""A time that a record does not have."""
SHARED_DATA = Path("../shared/data/dbn")


def shared_files(*patterns: str) -> list[Path]:
    """Return the recorded DBN files that match glob patterns; skip the test without ../shared."""
    if not Path("../shared").exists():
        pytest.skip("needs the folder ../shared")
    files = sorted(path for pattern in patterns for path in SHARED_DATA.glob(pattern))
    assert files, f"{SHARED_DATA} lacks {patterns}"
    return files


def rows(rtype: int, count: int, version: int = DBN_VERSION, **fields: object) -> NDArray[np.void]:
    """Return records of one type whose fields are zero, but for the header and those given."""
    dtype = record_dtype(rtype, version)
    assert dtype is not None and dtype.names is not None
    made = np.zeros(count, dtype)
    made["length"] = dtype.itemsize // 4
    made["rtype"] = rtype
    for name, value in fields.items():
        made[name] = value
    return made


def mapping(
    number: int,
    asked: str,
    out: str,
    start: int = UNBOUNDED,
    end: int = UNBOUNDED,
    *,
    stype_in: int = 1,
    ts_event: int = 0,
) -> bytes:
    """Return a record that maps a symbol to an id."""
    head = struct.pack("<BBHIQ", 44, 22, 0, number, ts_event)
    return head + struct.pack("<B71sB71sQQ", stype_in, asked.encode(), 1, out.encode(), start, end)


def trades(
    count: int, instrument_id: int = 1, start: int = START, step: int = 1000
) -> NDArray[np.void]:
    """Return trades, ``step`` ns apart."""
    times = start + np.arange(count) * step
    return rows(
        RTYPE_TRADE,
        count,
        instrument_id=instrument_id,
        ts_event=times,
        ts_recv=times + 150,
        price=100_000_000_000 + np.arange(count) * 10_000_000,
        size=1 + np.arange(count) % 9,
        action=ACTION_TRADE,
        side=SIDE_BID,
        flags=FLAG_LAST,
        sequence=np.arange(count),
    )


def mixed_records(count: int, start: int = START) -> bytes:
    """Return trades, quotes and bars of two instruments, in turn."""
    quotes = rows(RTYPE_MBP_1, count, instrument_id=2, bid_px_00=5, ask_px_00=7)
    quotes["ts_event"] = quotes["ts_recv"] = start + np.arange(count) * 1000
    bars = rows(RTYPE_OHLCV_1S, count, instrument_id=1, open=1, high=2, low=1, close=2, volume=3)
    bars["ts_event"] = start + np.arange(count) * 1000
    return b"".join(
        record.tobytes()
        for row in zip(trades(count, start=start), quotes, bars, strict=True)
        for record in row
    )


def write_dbn(
    path: Path, records: bytes, metadata: Metadata | None = None, *, frames: int = 0
) -> Path:
    """Write a DBN file, compressed in this many zstd frames if ``frames`` is given."""
    data = (metadata or Metadata("TEST", "trades", START)).encode() + records
    if frames:
        step = len(data) // frames + 1
        data = b"".join(
            zstandard.compress(data[at : at + step]) for at in range(0, len(data), step)
        )
    path.write_bytes(data)
    return path


def databento_decoder(*, upgrade: bool = False, ts_out: bool = False) -> Any:
    """Return databento_dbn's decoder; it keeps the version of each record unless `upgrade`."""
    policy: Any = databento_dbn.VersionUpgradePolicy
    return databento_dbn.DBNDecoder(
        upgrade_policy=policy.UPGRADE_TO_V3 if upgrade else policy.AS_IS, ts_out=ts_out
    )


def decoded_by_databento(data: bytes, *, upgrade: bool = False) -> list[Any]:
    """Return the metadata and the records that databento_dbn decodes."""
    decoder = databento_decoder(upgrade=upgrade)
    decoder.write(data)
    return list(decoder.decode())


def daily(*days: tuple[int, str, int]) -> Metadata:
    """Return metadata that maps instrument ids to symbols by day.

    Parameters
    ----------
    *days
        (day counted from 2024-01-01, symbol, instrument id).
    """
    first = date(2024, 1, 1).toordinal()
    by_symbol: dict[str, list[MappingInterval]] = {}
    for day, symbol, number in days:
        interval = MappingInterval(
            date.fromordinal(first + day), date.fromordinal(first + day + 1), str(number)
        )
        by_symbol.setdefault(symbol, []).append(interval)
    return Metadata(
        "TEST",
        "trades",
        stype_in="raw_symbol",
        mappings=tuple(SymbolMapping(name, tuple(rows)) for name, rows in by_symbol.items()),
    )
