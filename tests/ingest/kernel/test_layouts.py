"""Golden bytes of every layout that processes share: a change here is a change of the formats."""

from __future__ import annotations

import struct

import msgspec
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tickfire.ingest.kernel import context as ctx
from tickfire.ingest.kernel.state import InstrumentStates
from tickfire.store.schema import (
    BAR,
    BINARY_HEADER,
    BINARY_HEADER_2,
    BOOK,
    BOOK_DEPTH,
    ENTRY_HEADER,
    STATE,
    TICK,
    Beat,
    FeedState,
    Headline,
    Instrument,
    Status,
    Stream,
    bars_key,
    shard_of,
    snapshots_key,
    ticks_key,
)


def test_a_tick_is_32_bytes() -> None:
    tick = np.zeros(1, TICK)
    tick[0] = (1_719_878_281_218_218_853, 5_528_750_000_000, 2, 118, 7_777, 1, ord("B"), 130, 3)
    assert tick.tobytes().hex(" ", 8) == (
        "65dbeb382f3cde17 80072e4307050000 0200000076000000 611e000001428203"
    )
    assert tick.tobytes() == struct.pack(
        "<qqIIIBBBB", 1_719_878_281_218_218_853, 5_528_750_000_000, 2, 118, 7_777, 1, 66, 130, 3
    )


def test_a_bar_is_80_bytes() -> None:
    bar = np.zeros(1, BAR)
    bar[0] = (60, 1, 4, -2, 3, 99, 2, 17, 5, 118, 60, 1, 2, 0)
    expected = struct.pack("<qqqqqQqQIIIBBH", 60, 1, 4, -2, 3, 99, 2, 17, 5, 118, 60, 1, 2, 0)
    assert bar.tobytes() == expected
    assert len(expected) == 80


def test_headers_are_32_24_and_32_bytes() -> None:
    entry = np.zeros(1, ENTRY_HEADER)
    entry[0] = (1, 1, 0, 256, 10, 20, 30)
    assert entry.tobytes() == struct.pack("<BBHIqqq", 1, 1, 0, 256, 10, 20, 30)
    binary = np.zeros(1, BINARY_HEADER)
    binary["version"], binary["shard"], binary["span"] = 1, 4, 259
    binary["count"], binary["position"] = 2, 3
    binary["epoch"] = np.frombuffer(b"epoch678", np.uint8)
    assert binary.tobytes() == struct.pack("<BBHIQ8s", 1, 4, 259, 2, 3, b"epoch678")
    second = np.zeros(1, BINARY_HEADER_2)
    for name in BINARY_HEADER.names or ():
        second[name] = binary[name]
    second["version"], second["feed"] = 2, 9
    assert second.tobytes() == struct.pack("<BBHIQ8sB7x", 2, 4, 259, 2, 3, b"epoch678", 9)


def test_a_state_is_35_words_and_the_kernels_know_which() -> None:
    names = STATE.names or ()
    words = [name for name in names if STATE.fields and STATE.fields[name][1] % 8 == 0]
    assert (STATE.itemsize, ctx.ROW_WORDS) == (280, 35)
    assert words == [
        *("instrument_id", "n", "bid_price", "ask_price", "bid_size", "ask_size", "quote_ts"),
        *("last_price", "last_size", "last_ts", "volume", "trade_n", "cleared", "dirty"),
        *("s_closed", "m_closed"),
        *(f"s_{n}" for n in ("start", "open", "high", "low", "close", "volume", "trades")),
        "s_notional",
        *(f"m_{n}" for n in ("start", "open", "high", "low", "close", "volume", "trades")),
        "m_notional",
        *("h_closed", "d_closed", "d_rtype"),
    ]
    assert (ctx.ROW_POSITION, ctx.ROW_LAST, ctx.ROW_S, ctx.ROW_M) == (1, 7, 16, 24)


def test_keys_of_a_stream_share_a_hash_tag() -> None:
    assert tuple(key(Stream(2, 3)) for key in (ticks_key, bars_key, snapshots_key)) == (
        b"ticks:{2.3}",
        b"bars:{2.3}",
        b"snapshots:{2.3}",
    )


def test_messages_are_msgpack_of_versioned_structs() -> None:
    instrument = Instrument(1, 118, "ESU4", 250_000_000, 5, 6, "GLBX.MDP3")
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(instrument)) == [
        *(1, 118, "ESU4", 250_000_000, 5, 6, "GLBX.MDP3", "", "")
    ]
    old = msgspec.msgpack.encode([1, 118, "ESU4", 250_000_000, 5, 6, "GLBX.MDP3"])
    assert msgspec.msgpack.decode(old, type=Instrument) == instrument
    headline = Headline("a", "T", "S", 1, 2)
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(headline)) == {
        **{"id": "a", "title": "T", "source": "S", "published": 1, "received": 2},
        "origin": "live",
        **{"summary": "", "url": "", "symbols": [], "version": 1},
    }
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(Status("gap", 9)))["version"] == 1
    beat = Beat("ingest", 7, 5, 6, {"records": 3.0}, FeedState(True, 5, "GLBX.MDP3", 1, "up", 4))
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(beat)) == {
        **{"process": "ingest", "pid": 7, "started": 5, "at": 6, "figures": {"records": 3.0}},
        **{"version": 1},
        "feed": {
            **{"connected": True, "since": 5, "name": "GLBX.MDP3"},
            **{"number": 1, "state": "up", "data": 4},
            **{"heard": 0, "ended": False, "caught_up": True},
        },
    }


def test_shards_are_splitmix64() -> None:
    """The first outputs of its reference implementation for seeds 0 and 1."""
    assert shard_of(0, 0, 2**64) == 0xE220_A839_7B1D_CDAF
    assert shard_of(0, 1, 2**64) == 0x910A_2DEC_8902_5CC1


@given(st.integers(0, 255), st.integers(0, 2**32 - 1), st.integers(1, 64))
def test_the_kernel_shards_as_the_schema_says(feed: int, number: int, shards: int) -> None:
    states = InstrumentStates(shards=shards, ticks=64)
    tick = np.zeros(1, TICK)
    tick["feed"], tick["instrument_id"], tick["kind"] = feed, number, 2
    states.fold(tick, 1)
    row = states.row(feed, number)
    assert row is not None and row["shard"] == shard_of(feed, number, shards)


def test_a_book_is_424_bytes() -> None:
    book = np.zeros(1, BOOK)
    book["ts_event"], book["instrument_id"], book["sequence"] = 5, 118, 7
    book["publisher_id"], book["feed"], book["flags"] = 1, 2, 3
    for i, name in enumerate(("price", "size", "count")):
        book[f"bid_{name}"] = 10 * i + np.arange(BOOK_DEPTH)
        book[f"ask_{name}"] = 100 + 10 * i + np.arange(BOOK_DEPTH)
    side = struct.Struct("<10q10Q10I")
    assert book.tobytes() == (
        struct.pack("<qIIHBBI", 5, 118, 7, 1, 2, 3, 0)
        + side.pack(*range(30))
        + side.pack(*range(100, 130))
    )
    assert len(book.tobytes()) == 424
