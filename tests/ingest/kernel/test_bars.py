"""Bars of whole files: equal to pandas over databento's own decoder, and laws of `merge`."""

from __future__ import annotations

import json
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any

import databento
import numpy as np
import pandas as pd
import pytest
import zstandard
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from tests.support.bars import bar_volumes
from tests.support.dbn import START, rows, shared_files, trades, write_dbn
from tests.support.reference.parse import S
from tickfire.base.calendar.bounds import bounds_of
from tickfire.base.calendar.sessions import Sessions
from tickfire.ingest.cli import bars as bars_command
from tickfire.ingest.dbn.enums import SCHEMA_RTYPES
from tickfire.ingest.dbn.errors import DbnError
from tickfire.ingest.dbn.layout import (
    RTYPE_BBO_1S,
    RTYPE_IMBALANCE,
    RTYPE_OHLCV_1D,
    RTYPE_OHLCV_1H,
    RTYPE_OHLCV_1M,
    RTYPE_OHLCV_1S,
    RTYPE_OHLCV_DEPRECATED,
    RTYPE_STATISTICS,
    RTYPE_STATUS,
)
from tickfire.ingest.dbn.metadata import Metadata
from tickfire.ingest.kernel.bars import NoBarsError, file_bars
from tickfire.ingest.kernel.merge import merge
from tickfire.ingest.kernel.parse import Parser
from tickfire.ingest.kernel.state import InstrumentStates
from tickfire.store.schema import BAR, INTERVALS_S

OHLCV_SCHEMAS = {f"ohlcv-{interval}": interval for interval in ("1s", "1m", "1h", "1d")}
FILES = {
    "esu4-mbp-1-20240701.dbn.zst": {118: "ESU4"},
    "lean_20131008_0930_1000_mixed.dbn.zst": {523: "AIG", 1100: "BAC", 7800: "IBM", 15144: "SPY"},
    "esh4-glbx-mdp3-20231225.mbo.dbn.zst": {17077: "ESH4"},
}


def by_pandas(file: Path, interval_s: int) -> list[tuple[Any, ...]]:
    """Return instrument, start, open, high, low, close, volume of every bar, by start."""
    store: Iterable[Any] = databento.DBNStore.from_bytes(file.read_bytes())
    rows = [
        (r.instrument_id, r.ts_event, r.price, r.size)
        for r in store
        if str(getattr(r, "action", "")) == "T"
    ]
    frame = pd.DataFrame(rows, columns=["id", "ts", "price", "size"])
    frame["start"] = frame.ts - frame.ts % (interval_s * S)
    grouped = frame.groupby(["start", "id"], sort=True)
    prices = grouped.price.agg(["first", "max", "min", "last"])
    volumes = grouped["size"].sum()
    return [
        (number, start, *(Decimal(p).scaleb(-9) for p in row), int(volume))
        for ((start, number), row), volume in zip(
            ((index, tuple(map(int, row))) for index, *row in prices.itertuples()),
            volumes,
            strict=True,
        )
    ]


@pytest.mark.shared_data
@pytest.mark.parametrize("interval", ["1s", "1m", "5m"])
@pytest.mark.parametrize("name", FILES)
def test_every_bar_equals_pandas(shared: Path, name: str, interval: str) -> None:
    file = shared / "data/dbn" / name
    got = [
        (
            row["instrument_id"],
            row["ts"],
            *(Decimal(row[k]) for k in ("open", "high", "low", "close")),
            row["volume"],
        )
        for row in file_bars(file, interval)
    ]
    assert got == by_pandas(file, INTERVALS_S[interval])
    assert {r["instrument_id"]: r["symbol"] for r in file_bars(file, interval)} == FILES[name]


@pytest.mark.shared_data
@pytest.mark.parametrize(("interval", "places"), [("1s", 0), ("1m", 0), ("1d", 1), ("1w", 1)])
@pytest.mark.parametrize("name", FILES)
def test_mean_prices_and_trades_are_exact(
    shared: Path, name: str, interval: str, places: int
) -> None:
    """Means of days are of those of minutes, rounded to 1e-9, and may differ by one of these."""
    file = shared / "data/dbn" / name
    store: Any = databento.DBNStore.from_bytes(file.read_bytes())
    hours = Sessions().of(store.metadata.dataset, "")
    sums: dict[tuple[int, int], list[int]] = {}
    for r in store:
        if str(getattr(r, "action", "")) == "T":
            start = bounds_of(INTERVALS_S[interval], hours).start_of(r.ts_event)
            bar = sums.setdefault((start, r.instrument_id), [0, 0, 0])
            bar[:] = bar[0] + r.price * r.size, bar[1] + r.size, bar[2] + 1
    rows = list(file_bars(file, interval))
    assert {(row["ts"], row["instrument_id"]) for row in rows} == set(sums)
    for row in rows:
        notional, volume, trades = sums[row["ts"], row["instrument_id"]]
        assert (row["volume"], row["trades"]) == (volume, trades)
        exact = (2 * notional + volume) // (2 * volume)
        assert abs(int(Decimal(row["vwap"]).scaleb(9)) - exact) <= places


def test_the_command_prints_one_object_a_line(tmp_path: Path) -> None:
    file = write_dbn(tmp_path / "x.dbn", trades(3, step=S).tobytes())
    result = CliRunner().invoke(bars_command, [str(file), "--interval", "1s"])
    assert result.exit_code == 0
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert [row["volume"] for row in rows] == [1, 2, 3]
    assert list(rows[0]) == [
        *("symbol", "instrument_id", "ts", "open", "high", "low", "close"),
        *("volume", "trades", "vwap"),
    ]


@pytest.mark.shared_data
@pytest.mark.parametrize(("schema", "interval"), OHLCV_SCHEMAS.items())
def test_bars_that_a_file_holds_are_its_bars(schema: str, interval: str) -> None:
    for file in shared_files(f"datasets/*/test_data.{schema}.dbn.zst"):
        store: Iterable[Any] = databento.DBNStore.from_bytes(file.read_bytes())
        held: dict[tuple[int, int], list[int]] = {}
        for r in store:
            first = held.setdefault((r.ts_event, r.instrument_id), [r.open, r.high, r.low, 0, 0])
            first[1:] = [max(first[1], r.high), min(first[2], r.low), r.close, first[4] + r.volume]
        got = {
            (row["ts"], row["instrument_id"]): [
                *(int(Decimal(row[k]).scaleb(9)) for k in ("open", "high", "low", "close")),
                row["volume"],
            ]
            for row in file_bars(file, interval)
        }
        assert got == held


def test_the_interval_is_that_of_the_schema_by_default(tmp_path: Path) -> None:
    schemas = {
        f"ohlcv-{name}": s for name, s in INTERVALS_S.items() if f"ohlcv-{name}" in SCHEMA_RTYPES
    }
    schemas = {"trades": 60, "ohlcv-eod": 86_400, **schemas}
    for schema, span_s in schemas.items():
        kinds = {SCHEMA_RTYPES[schema], RTYPE_OHLCV_DEPRECATED} if schema != "trades" else {0}
        for rtype in kinds:
            made = trades(3) if not rtype else rows(rtype, 3, ts_event=START, volume=5, close=S)
            metadata = Metadata("TEST", schema, START)
            file = write_dbn(tmp_path / "x.dbn", made.tobytes(), metadata)
            (row,) = file_bars(file)
            assert row["ts"] == START - START % (span_s * S)
            assert row["volume"] == (15 if rtype else 6)


def test_bars_of_trades_take_precedence_and_the_longest_bars_are_folded(tmp_path: Path) -> None:
    quoted = {"open": 5, "high": 9, "low": 1, "close": 7}
    times = {RTYPE_OHLCV_1S: S, RTYPE_OHLCV_1M: 60 * S, RTYPE_OHLCV_1H: 3600 * S}
    parts = [trades(3, instrument_id=1).tobytes()]
    for rtype, step in times.items():
        for number in (1, 2):
            bars = rows(rtype, 3, instrument_id=number, volume=10 * step // S, **quoted)
            bars["ts_event"] = START - START % (3600 * S) + np.arange(3) * step
            parts.append(bars.tobytes())
    file = write_dbn(tmp_path / "x.dbn", b"".join(parts))
    volumes: dict[tuple[str, int], int] = {}
    for interval in INTERVALS_S:
        for row in file_bars(file, interval):
            key = interval, row["instrument_id"]
            volumes[key] = volumes.get(key, 0) + row["volume"]
    assert {volume for (_, number), volume in volumes.items() if number == 1} == {6}
    assert [volumes[interval, 2] for interval in INTERVALS_S] == [
        *(30, 1800, 1800, 1800, 108_000, 108_000, 108_000)
    ]


def test_seconds_after_the_minute_that_the_feed_made_are_not_folded_into_it() -> None:
    minute = START - START % (60 * S)
    order = [
        *((RTYPE_OHLCV_1S, minute, 10), (RTYPE_OHLCV_1S, minute + 59 * S, 20)),
        *((RTYPE_OHLCV_1M, minute, 100), (RTYPE_OHLCV_1S, minute + 59 * S, 20)),
        *((RTYPE_OHLCV_1S, minute + 59 * S, 20), (RTYPE_OHLCV_1M, minute, 7)),
        *((RTYPE_OHLCV_1S, minute + 60 * S, 1), (RTYPE_OHLCV_1S, minute + 120 * S, 3)),
        *((RTYPE_OHLCV_1S, minute + 119 * S, 2), (RTYPE_OHLCV_1M, minute + 60 * S, 50)),
    ]
    made = [
        rows(rtype, 1, instrument_id=1, ts_event=ts, volume=volume, open=7, high=9, low=5, close=6)
        for rtype, ts, volume in order
    ]
    states = InstrumentStates()
    batches = Parser(states).feed(b"".join(each.tobytes() for each in made))
    pieces = np.concatenate([*(batch.bars.copy() for batch in batches), states.close()])
    volumes = bar_volumes(pieces)
    assert [volumes[1, 60, minute + at * 60 * S] for at in range(3)] == [107, 3, 3]
    seconds = (0, 59, 60, 119, 120)
    assert [volumes[1, 1, minute + at * S] for at in seconds] == [10, 60, 1, 2, 3]
    assert set(pieces["vwap"].tolist()) == {6}


@pytest.mark.parametrize(
    ("rtype", "said"),
    [
        (RTYPE_OHLCV_1H, "4 of ohlcv-1h. Ask for bars of 1h."),
        (RTYPE_OHLCV_1D, "4 of ohlcv-1d. Ask for bars of 1d."),
        (RTYPE_OHLCV_DEPRECATED, "4 of ohlcv without an interval (deprecated)."),
        (RTYPE_STATISTICS, "neither trades nor bars; it has 4 of statistics."),
        (RTYPE_IMBALANCE, "4 of imbalance."),
        (RTYPE_STATUS, "4 of status."),
        (RTYPE_BBO_1S, "4 of bbo-1s."),
        (99, "4 of unknown type 99."),
        (None, "has no trades, nor any other records."),
    ],
)
def test_a_file_without_bars_is_one_sentence(tmp_path: Path, rtype: int | None, said: str) -> None:
    made = trades(4) if rtype is None or rtype == 99 else rows(rtype, 4, ts_event=START)
    made["rtype"] = rtype or 0
    file = write_dbn(tmp_path / "x.dbn", b"" if rtype is None else made.tobytes())
    with pytest.raises(NoBarsError) as caught:
        list(file_bars(file, "1m"))
    assert str(file) in str(caught.value)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_bars_before_a_fault_are_given_and_then_the_fault(tmp_path: Path) -> None:
    whole = trades(3, step=60 * S).tobytes()
    compressed = zstandard.compress(write_dbn(tmp_path / "w.dbn", whole).read_bytes())
    cases = {
        "cut.dbn": write_dbn(tmp_path / "c.dbn", whole[:-9]).read_bytes(),
        "bad.dbn": write_dbn(tmp_path / "b.dbn", whole + bytes(64)).read_bytes(),
        "cut.dbn.zst": compressed[:-6],
    }
    for name, data in cases.items():
        file = tmp_path / name
        file.write_bytes(data)
        given_bars: list[int] = []
        with pytest.raises(DbnError, match=name.replace(".", r"\.")):
            given_bars.extend(row["ts"] for row in file_bars(file, "1m"))
        assert len(given_bars) >= (0 if name.endswith("zst") else 2)


@pytest.mark.parametrize(
    "data", [b"", b"PK\x03\x04not a dbn file", b"DBN\x04" + bytes(200), b"DBN\x03\xff\xff"]
)
def test_what_is_no_dbn_file_is_one_sentence(tmp_path: Path, data: bytes) -> None:
    file = tmp_path / "x.dbn"
    file.write_bytes(data)
    with pytest.raises(DbnError) as caught:
        list(file_bars(file, "1m"))
    assert str(file) in str(caught.value)
    assert "\n" not in str(caught.value)


PIECES = st.lists(
    st.tuples(st.integers(0, 20), st.integers(1, 2), st.integers(-5, 5), st.integers(0, 9)),
    max_size=30,
)


def pieces_of(rows: list[tuple[int, int, int, int]]) -> np.ndarray[Any, Any]:
    made = np.zeros(len(rows), BAR)
    for piece, (start, number, price, volume) in zip(made, rows, strict=True):
        piece["start"], piece["instrument_id"], piece["volume"] = start * S, number, volume
        piece["open"], piece["close"] = price, price + 1
        piece["high"], piece["low"] = price + 2, price - 2
        piece["trades"], piece["interval_s"], piece["vwap"] = 1, 1, price
    return made


@given(PIECES, st.integers(0, 30))
def test_merging_in_two_steps_is_merging_at_once(
    rows: list[tuple[int, int, int, int]], cut: int
) -> None:
    pieces = pieces_of(sorted(rows))
    once = merge(pieces, 10)
    steps = merge(np.concatenate([merge(pieces[:cut], 5), merge(pieces[cut:], 5)]), 10)
    names = [name for name in BAR.names or () if name not in ("vwap", "n")]
    assert once[names].tolist() == steps[names].tolist()
    assert once["volume"].sum() == pieces["volume"].sum()
