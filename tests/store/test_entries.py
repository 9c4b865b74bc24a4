from __future__ import annotations

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.publisher import STREAM
from tickfire.store.entries import BadEntry, status_of, ticks_of
from tickfire.store.epoch import epoch_of
from tickfire.store.limits import MAX_SHARDS, MAX_TICKS_PER_ENTRY
from tickfire.store.resp import RespParser
from tickfire.store.schema import BAR, BINARY_HEADER, ENTRY_HEADER, STATE, TICK, Status, Stream
from tickfire.store.writes import BarWrite, SnapshotWrite, tick_writes


@given(st.integers(0, 1000), st.integers(1, 2**40))
def test_ticks_are_cut_into_entries_of_dense_positions(count: int, first: int) -> None:
    ticks = np.zeros(count, TICK)
    ticks["sequence"] = np.arange(count)
    entries = tick_writes(STREAM, first, ticks, 1, 2, history=100)
    assert b"".join(entry.data for entry in entries) == ticks.tobytes()
    n = first - 1
    for entry in entries:
        header = np.frombuffer(entry.header(3), ENTRY_HEADER)[0]
        assert header["count"] == entry.count <= MAX_TICKS_PER_ENTRY
        assert (header["received"], header["parsed"], header["written"]) == (1, 2, 3)
        assert (header["version"], header["schema"]) == (1, 1)
        n += entry.count
        assert entry.last == n


def test_a_tick_entry_is_an_xadd_of_its_last_position() -> None:
    (entry,) = tick_writes(Stream(1, 2), 1001, np.zeros(2, TICK), 1, 2, history=1000)
    *head, header, name, data = entry.command(3)
    assert head == [b"XADD", b"ticks:{1.2}", b"MINID", b"~", 2, b"1002-0", b"h"]
    assert (len(bytes(header)), name, data) == (32, b"d", entry.data)


@given(st.integers(-5, 2000), st.binary(min_size=7, max_size=9))
def test_an_epoch_has_a_key_of_8_bytes_and_1_to_256_shards(shards: int, key: bytes) -> None:
    found = epoch_of({b"3:epoch": key, b"3:shards": b"%d" % shards}, 3)
    assert found == ((3, key, shards) if len(key) == 8 and 1 <= shards <= 256 else None)
    assert np.iinfo(BINARY_HEADER["shard"]).max == MAX_SHARDS - 1


@given(st.integers(1, MAX_TICKS_PER_ENTRY), st.integers(1, 2**40))
def test_a_written_entry_is_read_as_it_was(count: int, first: int) -> None:
    ticks = np.zeros(count, TICK)
    ticks["sequence"] = np.arange(count)
    (write,) = tick_writes(STREAM, first, ticks, 1, 2, history=100)
    read = ticks_of((b"%d-0" % write.last, {b"h": write.header(3), b"d": bytes(write.data)}))
    assert (read.first, read.last) == (first, first + count - 1)
    assert (read.received, read.parsed, read.written) == (1, 2, 3)
    assert read.ticks.tobytes() == ticks.tobytes()


@given(st.binary(max_size=12), st.binary(max_size=40), st.binary(max_size=80))
def test_an_entry_that_is_not_ours_is_bad(entry_id: bytes, header: bytes, data: bytes) -> None:
    with pytest.raises(BadEntry):
        ticks_of((entry_id, {b"h": header, b"d": data}))


@pytest.mark.parametrize(
    ("kind", "changes"), [("epoch", True), ("instrument", True), ("session", True), ("gap", False)]
)
def test_a_status_tells_whether_it_changes_feeds(kind: str, changes: bool) -> None:
    status = Status(kind, at=1, feed=3)
    read = status_of((b"1-0", {b"d": msgspec.msgpack.encode(status)}))
    assert read == status
    assert read.changes_feeds is changes


@given(st.binary(max_size=40))
def test_an_entry_that_holds_no_status_has_none(data: bytes) -> None:
    assert status_of((b"1-0", {b"d": data})) is None


def test_positions_of_every_kind_are_shifted_into_a_new_epoch() -> None:
    (ticks,) = tick_writes(STREAM, 501, np.zeros(3, TICK), 1, 2, history=1000)
    ticks.shift(500)
    assert ticks.last == 3
    bar = np.zeros(2, BAR)
    bar["n"] = 400, 502
    bars = BarWrite(STREAM, 502, 7, bar.tobytes(), 1000)
    bars.shift(500)
    assert bars.position == 2
    assert np.frombuffer(bars.data, BAR)["n"].tolist() == [0, 2]
    rows = np.zeros(1, STATE)
    rows["n"], rows["trade_n"] = 503, 100
    snapshot = SnapshotWrite(STREAM, 503, rows)
    snapshot.shift(500)
    assert (snapshot.position, rows["n"][0], rows["trade_n"][0]) == (3, 3, 0)


def test_a_snapshot_names_its_position_and_its_instruments() -> None:
    rows = np.zeros(1, STATE)
    rows["feed"], rows["instrument_id"] = 1, 42
    command = SnapshotWrite(Stream(1, 3), 77, rows).command(0)
    assert command == (b"HSET", b"snapshots:{1.3}", b"n", b"77", b"1:42", rows.tobytes())
    assert RespParser().feed(b":1\r\n") == [1]
