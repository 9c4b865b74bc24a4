"""Every recorded file goes through the parser, and what it carries equals databento's decoder.

Symbol mappings, definitions, system and error records, statuses, statistics, imbalances, trades,
tops of book and bars are compared. Fragments, which have no metadata, are refused. The levels of
MBP-10 and the orders of MBO are compared by the tests of order books.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import databento
import databento_dbn
import numpy as np
import pytest

from tests.support.databento import report_of
from tests.support.dbn import databento_decoder, shared_files
from tickfire.ingest.dbn.control import ErrorMsg, SymbolMappingMsg, SystemMsg, decode_control
from tickfire.ingest.dbn.definition import Definition, definition_of
from tickfire.ingest.dbn.errors import NotDbnError
from tickfire.ingest.dbn.file import DbnFile, open_dbn
from tickfire.ingest.dbn.layout import UNDEF_SIZE
from tickfire.ingest.dbn.reports import decode_report_record
from tickfire.ingest.kernel import context as ctx
from tickfire.ingest.kernel.parse import Parser
from tickfire.ingest.kernel.state import InstrumentStates
from tickfire.store.schema import TICK_ASK, TICK_BID, TICK_TRADE, Rows

WHOLE_DAY, HALF_HOUR = "lean_20131008_mixed.dbn.zst", "lean_20131008_0930_1000_mixed.dbn.zst"
KINDS = {
    *("MBP1Msg", "MBOMsg", "TradeMsg", "OHLCVMsg", "BBOMsg", "StatMsg", "MBP10Msg"),
    *("InstrumentDefMsg", "SymbolMappingMsg", "StatusMsg", "CBBOMsg", "ImbalanceMsg", "CMBP1Msg"),
}
RECORDS = {WHOLE_DAY: 2_479_891, HALF_HOUR: 214_058}
TRADES = {HALF_HOUR: 65_578, WHOLE_DAY: 654_140}
UNDEF_PRICE = 2**63 - 1
TIMED_BY_RECEIPT = ("BBOMsg", "CBBOMsg")
BAR_SECONDS = {32: 1, 33: 60, 34: 3600, 35: 86_400, 36: 86_400}

type Trade = tuple[int, int, int, int]
"""ts_event, instrument_id, price and size."""
type Top = tuple[int, int, int, int, int]
"""ts_event, instrument_id, kind, price and size."""


class Carried(NamedTuple):
    """The parser's result of a file."""

    states: InstrumentStates
    ticks: Rows
    bars: Rows
    controls: list[bytes]


def parsed(file: DbnFile) -> Carried:
    states = InstrumentStates()
    states.use_schema(file.metadata.schema)
    ticks, bars, controls = [states.ticks.copy()], [states.bars.copy()], []
    for chunk in file.chunks(1 << 20):
        for batch in Parser(states).feed(chunk):
            ticks.append(batch.ticks.copy())
            bars.append(batch.bars.copy())
            controls += batch.controls
    bars.append(states.close())
    return Carried(states, np.concatenate(ticks), np.concatenate(bars), controls)


def decoded(path: Path) -> Iterator[Any]:
    """Yield the records of a file as databento_dbn decodes them, in their own version."""
    opened = open_dbn(path)
    decoder = databento_decoder()
    decoder.write(opened.metadata.encode())
    for chunk in opened.chunks(1 << 20):
        decoder.write(chunk.tobytes())
        yield from (each for each in decoder.decode() if hasattr(each, "rtype"))


def kind_of(record: Any) -> str:
    return type(record).__name__.rstrip("V123")


# --- ticks
def is_trade(record: Any) -> bool:
    return getattr(record, "action", None) == databento_dbn.Action.TRADE and not isinstance(
        record, (databento_dbn.BBOMsg, databento_dbn.CBBOMsg)
    )


def trades_of(records: Iterable[Any]) -> list[Trade]:
    return [
        (r.ts_event, r.instrument_id, r.price, 0 if r.size == UNDEF_SIZE else r.size)
        for r in records
        if is_trade(r) and r.price != UNDEF_PRICE
    ]


def has_several_venues(records: Iterable[Any]) -> bool:
    """Return whether an instrument's quotes come from several publishers, and are consolidated."""
    quotes = {(r.instrument_id, r.publisher_id) for r in records if getattr(r, "levels", ())}
    return len(quotes) > len({instrument_id for instrument_id, _ in quotes})


def tops_of(records: Iterable[Any]) -> Iterator[Top]:
    """Yield each change of a side of an instrument's top of book."""
    sides: dict[tuple[int, int], tuple[int, int]] = {}
    for record in records:
        if getattr(record, "action", None) == databento_dbn.Action.CLEAR:
            for kind in (TICK_BID, TICK_ASK):
                sides[record.instrument_id, kind] = UNDEF_PRICE, 0
        if not getattr(record, "levels", ()):
            continue
        is_interval = kind_of(record) in TIMED_BY_RECEIPT
        ts, level = record.ts_recv if is_interval else record.ts_event, record.levels[0]
        pairs = ((level.bid_px, level.bid_sz), (level.ask_px, level.ask_sz))
        for kind, (price, size) in zip((TICK_BID, TICK_ASK), pairs, strict=True):
            side = price, 0 if size == UNDEF_SIZE else size
            key = record.instrument_id, kind
            if sides.get(key, (UNDEF_PRICE, 0)) != side:
                sides[key] = side
                yield (ts, record.instrument_id, kind, *side)


def trades_in(ticks: Rows) -> list[Trade]:
    rows = ticks[ticks["kind"] == TICK_TRADE]
    names = ("ts_event", "instrument_id", "price", "size")
    return list(zip(*(rows[name].tolist() for name in names), strict=True))


def tops_in(ticks: Rows) -> list[Top]:
    rows = ticks[np.isin(ticks["kind"], (TICK_BID, TICK_ASK))]
    names = ("ts_event", "instrument_id", "kind", "price", "size")
    return list(zip(*(rows[name].tolist() for name in names), strict=True))


# --- bars
def bars_of(records: list[Any]) -> dict[tuple[int, int, int], tuple[int, ...]]:
    """Return the prices and the volume of bars by instrument, interval in s and start.

    Bars of an instrument that has trades are made from them.
    """
    traded = {record.instrument_id for record in records if is_trade(record)}
    return {
        (r.instrument_id, BAR_SECONDS[int(r.rtype)], r.ts_event): (
            *(r.open, r.high, r.low, r.close, r.volume),
        )
        for r in records
        if isinstance(r, databento_dbn.OHLCVMsg) and r.instrument_id not in traded
    }


def bars_in(bars: Rows) -> dict[tuple[int, int, int], tuple[int, ...]]:
    names = ("open", "high", "low", "close", "volume")
    keys = zip(*(bars[n].tolist() for n in ("instrument_id", "interval_s", "start")), strict=True)
    return dict(zip(keys, zip(*(bars[n].tolist() for n in names), strict=True), strict=True))


# --- records that are neither
def shown(record: Any) -> Any:
    """Return what a record of databento_dbn carries that is neither tick nor bar, or None."""
    kind = kind_of(record)
    if kind in ("StatMsg", "StatusMsg", "ImbalanceMsg"):
        return report_of(record)
    if kind == "SymbolMappingMsg":
        symbols = record.stype_in_symbol, record.stype_out_symbol
        return (kind, record.instrument_id, *symbols, record.start_ts, record.end_ts)
    if kind == "SystemMsg":
        return kind, record.msg, record.ts_event
    if kind == "ErrorMsg":
        return kind, record.err, record.ts_event
    if kind == "InstrumentDefMsg":
        about = record.raw_symbol, record.min_price_increment, record.ts_recv
        return Definition(record.instrument_id, *about)
    return None


def shown_control(record: bytes) -> Any:
    control = decode_control(record)
    if isinstance(control, SymbolMappingMsg):
        symbols = control.stype_in_symbol, control.stype_out_symbol
        times = control.start, control.end
        return ("SymbolMappingMsg", control.instrument_id, *symbols, *times)
    if isinstance(control, SystemMsg):
        return "SystemMsg", control.msg, control.ts_event
    if isinstance(control, ErrorMsg):
        return "ErrorMsg", control.err, control.ts_event
    return definition_of(record) or decode_report_record(record, 3, 9)


def files() -> list[Path]:
    large = (WHOLE_DAY, HALF_HOUR)
    return [path for path in shared_files("**/*.dbn*") if path.name not in large]


@pytest.mark.shared_data
def test_what_is_carried_of_every_recorded_file_equals_databentos_decoder() -> None:
    kinds: Counter[str] = Counter()
    for path in files():
        if ".frag" in path.name:
            with pytest.raises(NotDbnError):
                open_dbn(path)
            continue
        records = list(decoded(path))
        carried = parsed(open_dbn(path))
        kinds.update(map(kind_of, records))
        assert carried.states.count(ctx.COUNT_RECORDS) == len(records), path
        assert trades_in(carried.ticks) == trades_of(records), path
        is_of_orders = any(isinstance(record, databento_dbn.MBOMsg) for record in records)
        if not is_of_orders and not has_several_venues(records):
            assert tops_in(carried.ticks) == list(tops_of(records)), path
        assert bars_of(records).items() <= bars_in(carried.bars).items(), path
        others = [each for each in map(shown, records) if each is not None]
        assert list(map(shown_control, carried.controls)) == others, path
    assert kinds.keys() == KINDS
    assert kinds["MBOMsg"] > 68_000 and min(kinds.values()) > 5


@pytest.mark.shared_data
def test_the_counts_and_trades_of_large_files_equal_databentos_decoder() -> None:
    for name in (WHOLE_DAY, HALF_HOUR):
        (path,) = shared_files(name)
        carried = parsed(open_dbn(path))
        assert carried.states.count(ctx.COUNT_RECORDS) == RECORDS[name]
        rows = carried.ticks[carried.ticks["kind"] == TICK_TRADE]
        assert len(rows) == TRADES[name]
    stock = databento.DBNStore.from_bytes(path.read_bytes()).to_ndarray(schema="trades")
    for field in ("ts_event", "instrument_id", "price", "size", "sequence"):
        assert np.array_equal(rows[field].astype(stock[field].dtype), stock[field]), field
