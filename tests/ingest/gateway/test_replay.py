"""Segments of a file, the replay clock, the mappings' places, and the selection of records."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tests.support.dbn import START, daily, rows, trades, write_dbn
from tests.support.gateway import records_of, segment_of
from tickfire.ingest.dbn.control import SymbolMappingMsg, encode_control
from tickfire.ingest.dbn.enums import SCHEMA_RTYPES
from tickfire.ingest.dbn.file import open_dbn
from tickfire.ingest.dbn.layout import (
    CONTROL_RTYPES,
    RTYPE_MBP_1,
    RTYPE_OHLCV_1S,
    RTYPE_STATUS,
    RTYPE_SYMBOL_MAPPING,
    RTYPE_SYSTEM,
    RTYPE_TRADE,
    UNDEF_TIMESTAMP,
)
from tickfire.ingest.dbn.metadata import MappingInterval, Metadata, SymbolMapping, date_to_ns
from tickfire.ingest.gateway.mappings import MappingSchedule, mappings_of
from tickfire.ingest.gateway.replay import Recording
from tickfire.ingest.gateway.segment import Segment
from tickfire.ingest.gateway.selection import Selection, symbol_matches
from tickfire.ingest.lsg.requests import GatewaySubscription

DAY = 86_400 * 10**9
TIMES = st.sampled_from([0, 1, 5, 10, 11, 20, 10**9, UNDEF_TIMESTAMP])


def naive_clocks(records: bytes) -> list[int]:
    """The replay clock, spelled out."""
    with_recv = {RTYPE_TRADE: 32, RTYPE_MBP_1: 32, RTYPE_STATUS: 16}
    clock, clocks = 0, []
    for record in records_of(records):
        if record[1] not in CONTROL_RTYPES:
            times = [int.from_bytes(record[8:16], "little")]
            if record[1] in with_recv:
                at = with_recv[record[1]]
                times.insert(0, int.from_bytes(record[at : at + 8], "little"))
            time = next((t for t in times if 0 < t < UNDEF_TIMESTAMP), 0)
            clock = max(clock, time)
        clocks.append(clock)
    return clocks


@st.composite
def some_records(draw: st.DrawFn) -> bytes:
    made = b""
    for rtype in draw(
        st.lists(
            st.sampled_from([RTYPE_TRADE, RTYPE_MBP_1, RTYPE_OHLCV_1S, RTYPE_STATUS, RTYPE_SYSTEM]),
            max_size=12,
        )
    ):
        row = rows(rtype, 1, ts_event=draw(TIMES), instrument_id=draw(st.integers(1, 3)))
        if row.dtype.names and "ts_recv" in row.dtype.names:
            row["ts_recv"] = draw(TIMES)
        made += row.tobytes()
    return made


@given(some_records())
def test_the_clock_is_the_latest_receive_time_and_control_records_do_not_move_it(
    records: bytes,
) -> None:
    segment = segment_of(records)
    assert segment.clocks.tolist() == naive_clocks(records)
    assert segment.rtypes.tolist() == [record[1] for record in records_of(records)]
    assert bytes(segment.bytes_of(0, len(segment))) == records


@given(some_records(), st.data(), st.sampled_from([0, 77]))
def test_kept_records_are_copied_with_the_time_of_sending(
    records: bytes, data: st.DataObject, ts_out: int
) -> None:
    segment = segment_of(records)
    count = len(segment)
    keep = np.array(data.draw(st.lists(st.booleans(), min_size=count, max_size=count)), bool)
    first = data.draw(st.integers(0, count))
    last = data.draw(st.integers(first, count))
    expected = b""
    for record, kept in list(zip(records_of(records), keep, strict=True))[first:last]:
        if kept and ts_out:
            expected += bytes((record[0] + 2,)) + record[1:] + ts_out.to_bytes(8, "little")
        elif kept:
            expected += record
    copied = bytes(segment.selected(keep, first, last, ts_out=ts_out))
    assert copied == expected
    if ts_out:
        back = segment_of(copied)
        undone = back.selected(np.ones(len(back), bool), 0, len(back), cut=1)
        assert bytes(undone) == bytes(segment.selected(keep, first, last))


def mapping(number: int, symbol: str, start: int = 0, end: int = 2**63) -> SymbolMappingMsg:
    return SymbolMappingMsg(
        number, symbol, symbol, 0, stype_in=1, stype_out=1, start=start, end=end
    )


MIDNIGHT = date_to_ns(date(2024, 1, 1))


def test_metadata_maps_instruments_to_symbols_in_both_directions() -> None:
    forwards = daily((0, "ES", 7))
    backwards = Metadata(
        "TEST",
        stype_in="instrument_id",
        stype_out="raw_symbol",
        mappings=(
            SymbolMapping("7", (MappingInterval(date(2024, 1, 1), date(2024, 1, 2), "ES"),)),
        ),
    )
    for metadata in (forwards, backwards):
        (message,) = mappings_of(metadata)
        assert (message.instrument_id, message.stype_out_symbol) == (7, "ES")
        assert (message.start, message.end) == (MIDNIGHT, MIDNIGHT + DAY)
    empty = Metadata(
        "TEST",
        mappings=(SymbolMapping("X", (MappingInterval(date.min, date.max, ""),)),),
    )
    assert mappings_of(empty) == [], "an interval without an instrument maps nothing"


def test_every_instrument_is_mapped_from_the_beginning_and_changes_hands_in_time() -> None:
    metadata = daily((0, "OLD", 1), (1, "A", 1), (2, "B", 1), (2, "LATE", 2), (0, "GONE", 9))
    schedule = MappingSchedule(mappings_of(metadata), MIDNIGHT + DAY + 5)
    assert [m.stype_out_symbol for m in schedule.first] == ["A", "LATE"]
    assert schedule.starts_until(MIDNIGHT + 2 * DAY - 1) == set()
    assert schedule.starts_until(MIDNIGHT + 2 * DAY) == {MIDNIGHT + 2 * DAY}
    assert [m.stype_out_symbol for m in schedule.due(MIDNIGHT + 3 * DAY)] == ["B"]
    assert list(schedule.due(MIDNIGHT + 9 * DAY)) == []


def segments(path: Path, records: bytes, metadata: Metadata) -> list[Segment]:
    return list(Recording(open_dbn(write_dbn(path / "x", records, metadata))).segments())


def test_a_new_segment_begins_where_a_mapping_of_the_metadata_comes_into_force(
    tmp_path: Path,
) -> None:
    records = trades(48, start=MIDNIGHT, step=DAY // 24).tobytes()
    metadata = daily((0, "A", 1), (1, "B", 1))
    first, second = segments(tmp_path, records, metadata)

    assert [m.stype_out_symbol for m in first.mappings] == ["A"]
    assert [m.stype_out_symbol for m in second.mappings] == ["B"]
    assert int(second.clocks[0]) >= MIDNIGHT + DAY > int(first.clocks[-1])
    assert bytes(first.bytes_of(0, len(first))) + bytes(second.bytes_of(0, len(second))) == records


def test_a_new_segment_begins_at_mapping_records(tmp_path: Path) -> None:
    run = encode_control(mapping(1, "A")) + encode_control(mapping(2, "B"))
    change = encode_control(mapping(1, "C"))
    data = trades(3).tobytes()
    parts = segments(tmp_path, run + data + change + data, Metadata("TEST"))

    assert [len(part) for part in parts] == [5, 4]
    assert [[m.stype_out_symbol for m in part.own_mappings] for part in parts] == [
        ["A", "B"],
        ["C"],
    ]
    assert all(not part.mappings for part in parts)


def test_a_large_file_comes_in_segments_whose_clock_goes_on(tmp_path: Path) -> None:
    records = trades(20_000).tobytes()
    parts = segments(tmp_path, records, Metadata("TEST"))
    assert len(parts) > 1
    assert b"".join(bytes(part.bytes_of(0, len(part))) for part in parts) == records
    clocks = np.concatenate([part.clocks for part in parts])
    assert clocks.tolist() == (START + np.arange(20_000) * 1000 + 150).tolist()


def test_a_recording_tells_its_first_time_and_whether_symbols_are_known(tmp_path: Path) -> None:
    def recording(records: bytes, metadata: Metadata) -> Recording:
        return Recording(open_dbn(write_dbn(tmp_path / "x", records, metadata)))

    data = trades(2).tobytes()
    lead = encode_control(mapping(1, "A"))
    assert recording(data, Metadata("TEST")).first_clock == START + 150
    assert recording(b"", Metadata("TEST", start=5)).first_clock == 5
    assert recording(lead, Metadata("TEST", start=5)).first_clock == 5
    assert not recording(data, Metadata("TEST")).maps_symbols
    assert not recording(data + lead, Metadata("TEST")).maps_symbols
    assert recording(lead + data, Metadata("TEST")).maps_symbols
    assert recording(data, daily((0, "A", 1))).maps_symbols


# --- selection

SUBSCRIPTIONS = st.builds(
    GatewaySubscription,
    schema=st.sampled_from(["trades", "mbp-1", "ohlcv-1s", "tbbo"]),
    symbols=st.none()
    | st.lists(st.sampled_from(["A", "B", "C", "D"]), min_size=1, max_size=3).map(tuple),
    start=st.sampled_from([None, 0, 10, 15]),
)


@given(
    some_records(),
    st.lists(SUBSCRIPTIONS, max_size=4),
    st.lists(st.tuples(st.integers(1, 3), st.sampled_from("ABC")), max_size=6),
    st.booleans(),
    st.booleans(),
)
def test_a_record_is_selected_if_any_subscription_takes_it(
    records: bytes,
    subscriptions: list[GatewaySubscription],
    names: list[tuple[int, str]],
    by_schema: bool,
    by_symbol: bool,
) -> None:
    selection = Selection(by_schema=by_schema, by_symbol=by_symbol)
    half = len(subscriptions) // 2
    for subscription in subscriptions[:half]:
        selection.add(subscription)
    for number, name in names:
        selection.learn(mapping(number, name))
    for subscription in subscriptions[half:]:
        selection.add(subscription)

    symbol_of = dict(names)
    expected = []
    for record in records_of(records):
        number = int.from_bytes(record[4:8], "little")
        expected.append(
            record[1] == RTYPE_SYSTEM
            or any(
                (not by_schema or SCHEMA_RTYPES[one.schema] == record[1])
                and (not by_symbol or one.symbols is None or symbol_of.get(number) in one.symbols)
                and int.from_bytes(record[8:16], "little") >= (one.start or 0)
                for one in subscriptions
            )
        )
    assert selection.mask(segment_of(records)).tolist() == expected
    if selection.takes_all():
        assert all(expected)


def test_adding_a_subscription_tells_the_mappings_that_are_new_by_it() -> None:
    selection = Selection()
    assert not selection.learn(mapping(1, "A"))
    selection.learn(mapping(2, "B"))
    assert [
        m.instrument_id for m in selection.add(GatewaySubscription("trades", symbols=("B",)))
    ] == [2]
    assert [
        m.instrument_id for m in selection.add(GatewaySubscription("mbo", symbols=("B",)))
    ] == []
    assert [m.instrument_id for m in selection.add(GatewaySubscription("trades"))] == [1]
    assert selection.learn(mapping(3, "C"))


def test_mapping_records_pass_for_selected_instruments_alone() -> None:
    selection = Selection()
    selection.add(GatewaySubscription("trades", symbols=("A",)))
    selection.learn(mapping(1, "A"))
    selection.learn(mapping(2, "B"))
    segment = segment_of(encode_control(mapping(1, "A")) + encode_control(mapping(2, "B")))
    assert segment.rtypes.tolist() == [RTYPE_SYMBOL_MAPPING] * 2
    assert selection.mask(segment).tolist() == [True, False]


def test_an_instrument_that_gets_another_symbol_changes_hands() -> None:
    selection = Selection()
    selection.add(GatewaySubscription("trades", symbols=("A",)))
    assert selection.learn(mapping(1, "A"))
    assert not selection.learn(mapping(1, "B"))
    assert not selection.takes(1)
    assert selection.learn(mapping(1, "A"))


def test_symbols_mean_instruments_by_their_type() -> None:
    es = SymbolMappingMsg(7, "ES.c.0", "ESZ6", 0)
    assert symbol_matches("raw_symbol", "ESZ6", es)
    assert symbol_matches("continuous", "ES.c.0", es)
    assert symbol_matches("instrument_id", "7", es)
    assert symbol_matches("parent", "ES.FUT", es)
    assert not symbol_matches("raw_symbol", "ES", es)
    assert not symbol_matches("instrument_id", "8", es)
    assert not symbol_matches("parent", "NQ.FUT", es)
    assert not symbol_matches("parent", ".FUT", es)
