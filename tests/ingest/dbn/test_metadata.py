from __future__ import annotations

import string
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.dbn import decoded_by_databento
from tickfire.ingest.dbn.enums import SCHEMAS, STYPES
from tickfire.ingest.dbn.errors import (
    CorruptDbnError,
    DbnError,
    NotDbnError,
    TruncatedDbnError,
    UnsupportedVersionError,
)
from tickfire.ingest.dbn.file import open_dbn
from tickfire.ingest.dbn.metadata import (
    MappingInterval,
    Metadata,
    SymbolMapping,
    date_to_ns,
    metadata_size,
)

SYMBOLS = st.text(string.ascii_uppercase + string.digits + " .:/", min_size=1, max_size=21)
U64 = st.integers(0, 2**64 - 1)
INTERVALS = st.builds(
    lambda start, days, symbol: MappingInterval(start, start + timedelta(days), symbol),
    st.dates(date(2000, 1, 1), date(2100, 1, 1)),
    st.integers(0, 400),
    SYMBOLS,
)
LISTS = st.lists(SYMBOLS, max_size=4).map(tuple)
METADATA = st.builds(
    Metadata,
    dataset=st.text(string.ascii_uppercase + ".", min_size=1, max_size=15),
    schema=st.none() | st.sampled_from(SCHEMAS),
    start=U64,
    end=st.none() | st.integers(1, 2**64 - 2),  # databento takes 0 for none
    limit=st.none() | st.integers(1, 2**64 - 1),
    stype_in=st.none() | st.sampled_from(STYPES),
    stype_out=st.sampled_from(STYPES),
    ts_out=st.booleans(),
    symbols=LISTS,
    partial=LISTS,
    not_found=LISTS,
    mappings=st.lists(
        st.builds(SymbolMapping, SYMBOLS, st.lists(INTERVALS, max_size=3).map(tuple)), max_size=3
    ).map(tuple),
    version=st.integers(1, 3),
)


@given(METADATA)
def test_metadata_survives_encoding(metadata: Metadata) -> None:
    assert Metadata.decode(metadata.encode()) == metadata


@given(METADATA)
def test_databento_reads_what_is_encoded_and_encodes_the_same(metadata: Metadata) -> None:
    data = metadata.encode()
    (theirs,) = decoded_by_databento(data)

    assert theirs.encode() == data
    assert theirs.version == metadata.version
    assert theirs.dataset == metadata.dataset
    assert theirs.schema == metadata.schema
    assert theirs.start == metadata.start
    assert theirs.end == metadata.end
    assert theirs.limit == metadata.limit
    assert theirs.stype_in == metadata.stype_in
    assert theirs.stype_out == metadata.stype_out
    assert theirs.ts_out == metadata.ts_out
    assert tuple(theirs.symbols) == metadata.symbols
    assert tuple(theirs.partial) == metadata.partial
    assert tuple(theirs.not_found) == metadata.not_found
    last_of_a_name = {mapping.raw_symbol: mapping.intervals for mapping in metadata.mappings}
    assert {
        name: tuple(
            MappingInterval(row["start_date"], row["end_date"], row["symbol"]) for row in intervals
        )
        for name, intervals in theirs.mappings.items()
    } == last_of_a_name


@given(METADATA, st.data())
def test_damaged_metadata_is_a_value_or_one_sentence(
    metadata: Metadata, data: st.DataObject
) -> None:
    damaged = bytearray(metadata.encode())
    for at in data.draw(st.lists(st.integers(0, len(damaged) - 1), min_size=1, max_size=8)):
        damaged[at] = data.draw(st.integers(0, 255))
    del damaged[data.draw(st.integers(0, len(damaged))) :]
    _value_or_error(bytes(damaged))


@given(st.binary(max_size=400), st.integers(0, 4))
def test_any_bytes_are_a_value_or_one_sentence(body: bytes, version: int) -> None:
    _value_or_error(body)
    _value_or_error(b"DBN" + bytes((version,)) + len(body).to_bytes(4, "little") + body)


def _value_or_error(data: bytes) -> None:
    try:
        assert isinstance(Metadata.decode(data), Metadata)
    except DbnError as error:
        assert "\n" not in str(error)


@pytest.mark.parametrize(
    ("data", "error", "words"),
    [
        (b"", NotDbnError, "not DBN"),
        (b"PK\x03\x04 a zip", NotDbnError, "not DBN"),
        (b"DBN\x03\x08", TruncatedDbnError, "truncated"),
        (b"DBN\x03\x08\0\0\0\0", TruncatedDbnError, "truncated"),
        (b"DBN\x04\x08\0\0\0" + bytes(8), UnsupportedVersionError, "version 4"),
        (b"DBN\x00\x08\0\0\0" + bytes(8), UnsupportedVersionError, "version 0"),
        (b"DBN\x03\xff\xff\xff\xff", CorruptDbnError, "4294967295"),
        (b"DBN\x03\x08\0\0\0" + bytes(8), CorruptDbnError, "ends too early"),
    ],
)
def test_what_is_no_metadata_is_told_in_words(
    data: bytes, error: type[DbnError], words: str
) -> None:
    with pytest.raises(error, match=words):
        Metadata.decode(data)


def test_a_list_that_claims_more_than_there_is_is_refused() -> None:
    data = bytearray(Metadata("X").encode())
    data[112:116] = b"\xff\xff\xff\xff"  # the count of symbols
    with pytest.raises(CorruptDbnError, match="longer than the metadata"):
        Metadata.decode(bytes(data))


def test_a_symbol_too_long_for_the_version_is_refused() -> None:
    assert Metadata("X", symbols=("S" * 70,)).encode()
    with pytest.raises(DbnError, match="longer than 21 bytes"):
        Metadata("X", symbols=("S" * 22,), version=1).encode()


def test_version_3_is_padded_so_that_records_are_aligned() -> None:
    for length in range(70):
        metadata = Metadata("X", symbols=("A",) * length)
        assert metadata_size(metadata.encode()[:8]) == len(metadata.encode())
        assert len(metadata.encode()) % 8 == 0


def test_a_date_begins_at_midnight_utc() -> None:
    assert date_to_ns(date(1970, 1, 2)) == 86_400 * 10**9


@pytest.mark.shared_data
def test_shared_files_metadata_is_databentos(shared_dbn: Path) -> None:
    metadata = open_dbn(shared_dbn).metadata
    (theirs,) = decoded_by_databento(metadata.encode())
    assert theirs.encode() == metadata.encode()
    assert (theirs.version, theirs.dataset, theirs.start, theirs.end) == (
        metadata.version,
        metadata.dataset,
        metadata.start,
        metadata.end,
    )
