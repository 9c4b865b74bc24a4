from __future__ import annotations

import struct
from datetime import date

import pytest

from tests.support.dbn import UNBOUNDED, mapping, rows
from tickfire.ingest.dbn.enums import STYPES
from tickfire.ingest.dbn.instruments import InstrumentTable
from tickfire.ingest.dbn.layout import RTYPE_DEFINITION
from tickfire.ingest.dbn.metadata import MappingInterval, Metadata, SymbolMapping
from tickfire.store.limits import MAX_MAPPINGS
from tickfire.store.schema import Instrument

DAY_NS = 86_400 * 10**9


def mapping_v1(number: int, asked: str, out: str) -> bytes:
    head = struct.pack("<BBHIQ", 20, 22, 0, number, 0)
    return head + struct.pack("<22s22s4xQQ", asked.encode(), out.encode(), UNBOUNDED, UNBOUNDED)


def definition(
    number: int, tick: int, raw_symbol: str = "", *, ts_recv: int = 0, version: int = 2
) -> bytes:
    made = rows(
        RTYPE_DEFINITION, 1, version, instrument_id=number, min_price_increment=tick,
        raw_symbol=raw_symbol.encode(), ts_recv=ts_recv,
    )  # fmt: skip
    return made.tobytes()


def test_a_mapping_record_of_each_version_names_its_instrument() -> None:
    for record in (mapping(7, "ES.c.0", "ESU4"), mapping_v1(7, "ES.c.0", "ESU4")):
        table = InstrumentTable(1)
        (new,) = table.take_record(record)
        assert (new.instrument_id, new.symbol, new.raw_symbol) == (7, "ES.c.0", "ESU4")
        assert table.symbol(7, 5) == "ES.c.0"


def test_a_mapping_to_a_bare_id_keeps_the_symbol_asked_for() -> None:
    table = InstrumentTable(1)
    table.take_record(mapping(7, "SPY", "7"))
    assert table.symbol(7, 5) == "SPY"


def test_what_is_known_already_is_not_new() -> None:
    table = InstrumentTable(1)
    assert table.take_record(mapping(7, "SPY", "SPY")) != []
    assert table.take_record(mapping(7, "SPY", "SPY")) == []


def test_the_same_id_may_mean_another_symbol_later() -> None:
    table = InstrumentTable(1)
    table.take_record(mapping(7, "OLD", "OLD", DAY_NS, 2 * DAY_NS))
    table.take_record(mapping(7, "NEW", "NEW", 2 * DAY_NS, 3 * DAY_NS))
    assert table.symbol(7, DAY_NS) == "OLD"
    assert table.symbol(7, 2 * DAY_NS) == "NEW"


def test_an_unknown_id_is_its_own_symbol() -> None:
    assert InstrumentTable(1).symbol(99, 0) == "99"


def test_metadata_maps_in_either_direction() -> None:
    interval = MappingInterval(date(2024, 7, 1), date(2024, 7, 3), "118")
    forward = Metadata("GLBX.MDP3", mappings=(SymbolMapping("ESU4", (interval,)),))
    back = Metadata(
        "GLBX.MDP3",
        stype_in="instrument_id",
        stype_out="raw_symbol",
        mappings=(SymbolMapping("118", (MappingInterval(interval.start, interval.end, "ESU4"),)),),
    )
    for metadata in (forward, back):
        table = InstrumentTable(1)
        (new,) = table.take_metadata(metadata)
        assert (new.instrument_id, new.symbol, new.dataset) == (118, "ESU4", "GLBX.MDP3")
        assert new.end - new.start == 2 * DAY_NS


def test_a_definition_gives_the_tick_size_before_or_after_the_mapping() -> None:
    early, late = InstrumentTable(1), InstrumentTable(1)
    early.take_record(definition(7, 250_000_000))
    first = early.take_record(mapping(7, "ESU4", "ESU4"))
    late.take_record(mapping(7, "ESU4", "ESU4"))
    second = late.take_record(definition(7, 250_000_000))
    assert first == second
    assert [row.tick_size for row in first] == [250_000_000]


@pytest.mark.parametrize("version", [1, 2, 3])
def test_a_definition_without_a_mapping_makes_an_instrument(version: int) -> None:
    table = InstrumentTable(1, "GLBX.MDP3")
    record = definition(7, 250_000_000, "ESM4", version=version)
    assert table.take_record(record) == [
        Instrument(1, 7, "ESM4", 250_000_000, 0, 0, "GLBX.MDP3", "ESM4")
    ]
    assert table.take_record(record) == []
    later = definition(7, 250_000_000, "ESU4", ts_recv=DAY_NS, version=version)
    assert [row.symbol for row in table.take_record(later)] == ["ESM4", "ESU4"]
    assert (table.symbol(7, DAY_NS - 1), table.symbol(7, DAY_NS)) == ("ESM4", "ESU4")


SYMBOLOGIES = {
    "continuous": ("ES.c.0", "ES.c.0"),
    "parent": ("ES.FUT", "ESM4"),
    "raw_symbol": ("ESM4", "ESM4"),
    "instrument_id": ("7", "ESM4"),
    None: ("ES.n.1", "ES.n.1"),
}


@pytest.mark.parametrize("stype_in", SYMBOLOGIES)
@pytest.mark.parametrize("out", ["ESM4", "7"])
def test_an_instrument_is_called_by_what_was_asked_for_if_that_is_one(
    stype_in: str | None, out: str
) -> None:
    asked, symbol = SYMBOLOGIES[stype_in]
    code = 255 if stype_in is None else STYPES.index(stype_in)
    for definition_first in (True, False):
        table = InstrumentTable(1)
        records = [definition(7, 5, "ESM4"), mapping(7, asked, out, stype_in=code)]
        for record in records if definition_first else reversed(records):
            table.take_record(record)
        newest = table.current(7)
        assert newest is not None
        assert (newest.symbol, newest.raw_symbol, newest.asked) == (symbol, "ESM4", asked)


@pytest.mark.parametrize("stype_in", ["continuous", "parent", "raw_symbol"])
def test_metadata_of_each_symbology_names_instruments(stype_in: str) -> None:
    asked, _ = SYMBOLOGIES[stype_in]
    days = date(2024, 7, 1), date(2024, 7, 3)
    key = "ESM4" if stype_in == "parent" else asked
    mapped = SymbolMapping(key, (MappingInterval(*days, "7"),))
    metadata = Metadata(stype_in=stype_in, symbols=(asked,), mappings=(mapped,), dataset="X")
    table = InstrumentTable(1)
    (new,) = table.take_metadata(metadata)
    assert new.symbol == key
    assert new.raw_symbol == ("" if stype_in == "continuous" else "ESM4")


def test_a_symbol_that_moves_without_a_time_moves_when_it_is_told() -> None:
    table = InstrumentTable(1)
    table.take_record(mapping(11, "ES.c.0", "ESM4"))
    changed = table.take_record(mapping(12, "ES.c.0", "ESU4", ts_event=DAY_NS))
    assert [(row.instrument_id, row.start, row.end) for row in changed] == [
        (11, 0, DAY_NS),
        (12, DAY_NS, 0),
    ]
    table.take_record(mapping(21, "AAA", "AAA"))
    table.take_record(mapping(21, "BBB", "BBB", ts_event=DAY_NS))
    assert (table.symbol(21, DAY_NS - 1), table.symbol(21, DAY_NS)) == ("AAA", "BBB")


def test_a_mapping_told_again_without_a_start_goes_on() -> None:
    table = InstrumentTable(1)
    table.take_record(mapping(21, "AAA", "AAA"))
    table.take_record(mapping(21, "BBB", "BBB", ts_event=5 * DAY_NS))
    before = table.rows()
    again = InstrumentTable(1)
    for row in before:
        again.load(row)
    again.take_record(mapping(21, "BBB", "BBB", ts_event=9 * DAY_NS))
    assert again.rows() == before
    assert [again.symbol(21, day * DAY_NS) for day in (4, 6)] == ["AAA", "BBB"]


def test_instruments_beyond_the_limit_are_left_out_and_counted() -> None:
    table = InstrumentTable(1, max_instruments=2)
    for number in range(5):
        table.take_record(mapping(number, f"S{number}", f"S{number}"))
        table.take_record(definition(number, 25, f"S{number}"))
    assert [row.symbol for row in table.rows()] == ["S0", "S1"]
    assert table.left_out == 6
    (renamed,) = table.take_record(mapping(1, "T", "T", DAY_NS, 2 * DAY_NS))[-1:]
    assert (renamed.symbol, table.left_out) == ("T", 6)


def test_definitions_without_symbols_take_no_more_room_than_instruments() -> None:
    table = InstrumentTable(1, max_instruments=2)
    for number in range(5):
        table.take_record(definition(number, 25))
    assert table.left_out == 3


@pytest.mark.parametrize("moves", ["id", "symbol"])
def test_an_instrument_that_is_renamed_for_ever_has_a_bounded_number_of_names(moves: str) -> None:
    table = InstrumentTable(1)
    for day in range(MAX_MAPPINGS + 3):
        number, symbol = (7, f"S{day}") if moves == "symbol" else (day, "S")
        table.take_record(mapping(number, symbol, symbol, (day + 1) * DAY_NS))
    assert len(table.rows()) == MAX_MAPPINGS
    assert table.left_out == 3
