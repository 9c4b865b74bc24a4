from __future__ import annotations

import struct
from datetime import date

from tickfire.ingest.dbn.instruments import InstrumentTable
from tickfire.ingest.dbn.metadata import MappingInterval, Metadata, SymbolMapping

DAY_NS = 86_400 * 10**9
UNBOUNDED = 2**64 - 1


def mapping(
    number: int, asked: str, out: str, start: int = UNBOUNDED, end: int = UNBOUNDED
) -> bytes:
    head = struct.pack("<BBHIQ", 44, 22, 0, number, 0)
    return head + struct.pack("<B71sB71sQQ", 1, asked.encode(), 1, out.encode(), start, end)


def mapping_v1(number: int, asked: str, out: str) -> bytes:
    head = struct.pack("<BBHIQ", 20, 22, 0, number, 0)
    return head + struct.pack("<22s22s4xQQ", asked.encode(), out.encode(), UNBOUNDED, UNBOUNDED)


def definition(number: int, tick: int) -> bytes:
    return struct.pack("<BBHIQQq", 100, 19, 0, number, 0, 0, tick).ljust(400, b"\0")


def test_a_mapping_record_of_each_version_names_its_instrument() -> None:
    for record in (mapping(7, "ES.c.0", "ESU4"), mapping_v1(7, "ES.c.0", "ESU4")):
        table = InstrumentTable(1)
        new = table.take_record(record)
        assert new is not None and (new.instrument_id, new.symbol) == (7, "ESU4")
        assert table.symbol(7, 5) == "ESU4"


def test_a_mapping_to_a_bare_id_keeps_the_symbol_asked_for() -> None:
    table = InstrumentTable(1)
    table.take_record(mapping(7, "SPY", "7"))
    assert table.symbol(7, 5) == "SPY"


def test_what_is_known_already_is_not_new() -> None:
    table = InstrumentTable(1)
    assert table.take_record(mapping(7, "SPY", "SPY")) is not None
    assert table.take_record(mapping(7, "SPY", "SPY")) is None


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
    first = early.take_record(mapping(7, "ES", "ESU4"))
    late.take_record(mapping(7, "ES", "ESU4"))
    second = late.take_record(definition(7, 250_000_000))
    assert first == second
    assert first is not None and first.tick_size == 250_000_000
