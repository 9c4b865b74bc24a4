"""The parse kernel equals its plain reference on any bytes, in any pieces."""

from __future__ import annotations

import itertools
import mmap
from collections.abc import Iterable
from typing import Any

import databento
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.bars import bar_volumes
from tests.support.dbn import rows, shared_files
from tests.support.records import START, STREAMS, record
from tests.support.reference.parse import UNDEF, Reference, Row, Running, S, Top, records_of
from tickfire.ingest.dbn.file import open_dbn
from tickfire.ingest.dbn.layout import (
    RTYPE_MBO,
    RTYPE_MBP_1,
    RTYPE_MBP_10,
    RTYPE_OHLCV_1D,
    RTYPE_OHLCV_1H,
    RTYPE_OHLCV_1M,
    RTYPE_OHLCV_1S,
    RTYPE_OHLCV_DEPRECATED,
    RTYPE_OHLCV_EOD,
    RTYPE_TCBBO,
    RTYPE_TRADE,
    UNDEF_SIZE,
)
from tickfire.ingest.kernel import context as ctx
from tickfire.ingest.kernel.parse import FeedCorrupt, Parser
from tickfire.ingest.kernel.parse_kernel import walk
from tickfire.ingest.kernel.state import InstrumentStates
from tickfire.kernels.bars import MINUTE_NS as MINUTE
from tickfire.store.schema import STATE, TICK_TRADE, Rows, shard_of

CLOSED = {1: "s", 60: "m", 3600: "h", 86_400: "d"}
CUTS = st.lists(st.integers(0, 8000), max_size=8)


def parsed(
    data: bytes, cuts: list[int], states: InstrumentStates, buffer: int = 1 << 14
) -> tuple[Rows, Rows, list[bytes]]:
    """Return ticks, bars and control records of data that arrives in pieces."""
    parser = Parser(states, buffer)
    edges = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    ticks, bars, controls = [states.ticks.copy()], [states.bars.copy()], []
    for first, last in itertools.pairwise(edges):
        for batch in parser.feed(data[first:last]):
            ticks.append(batch.ticks.copy())
            bars.append(batch.bars.copy())
            controls += batch.controls
    return np.concatenate(ticks), np.concatenate(bars), controls


def expected(data: bytes, *, trades_only: bool = False) -> Reference:
    reference = Reference(trades_only)
    for each in records_of(data):
        reference.take(each)
    return reference


def shared_tops(reference: Reference) -> dict[tuple[int, int], Top]:
    """Return the tops of publishers of the instruments that have more than one source of them."""
    return {
        (number, publisher): top
        for number, row in reference.rows.items()
        if row.consolidated or len(row.tops) > 1
        for publisher, top in row.tops.items()
    }


def ticks_of(ticks: Rows) -> list[tuple[int, ...]]:
    names = ("ts_event", "price", "size", "instrument_id", "sequence", "kind", "side", "flags")
    return list(zip(*(ticks[name].tolist() for name in names), strict=True))


def bars_of(bars: Rows) -> list[tuple[int, ...]]:
    names = ("start", "open", "high", "low", "close", "volume", "n", "trades")
    rest = ("instrument_id", "interval_s", "flags")
    return list(zip(*(bars[name].tolist() for name in (*names, *rest)), strict=True))


def tops_of(tops: Rows) -> dict[tuple[int, int], Top]:
    """Return the tops of publishers by instrument and publisher."""
    names = ("bid_price", "bid_size", "ask_price", "ask_size")
    found = {}
    for top in tops:
        bid, bid_size, ask, ask_size = (int(top[name]) for name in names)
        key = int(top["instrument_id"]), int(top["publisher_id"])
        assert key not in found
        found[key] = (bid, bid_size), (ask, ask_size)
    return found


def running(row: Any, prefix: str) -> Running | None:
    names = ("start", "open", "high", "low", "close", "volume", "trades")
    values = [int(row[prefix + name]) for name in names]
    return Running(*values) if values[0] else None


def row_of(row: Any) -> Row:
    return Row(
        int(row["instrument_id"]),
        int(row["n"]),
        (int(row["bid_price"]), int(row["bid_size"])),
        (int(row["ask_price"]), int(row["ask_size"])),
        int(row["quote_ts"]),
        (int(row["last_price"]), int(row["last_size"]), int(row["last_ts"])),
        int(row["volume"]),
        int(row["trade_n"]),
        bool(row["cleared"]),
        {s: int(row[f"{name}_closed"]) for s, name in CLOSED.items()},
        int(row["d_rtype"]),
        running(row, "s_"),
        running(row, "m_"),
    )


@given(STREAMS, CUTS, st.booleans())
def test_it_equals_the_reference_however_the_bytes_are_cut(
    data: bytes, cuts: list[int], trades_only: bool
) -> None:
    states = InstrumentStates(ticks=64)
    states.context[ctx.CTX_TRADES_ONLY] = trades_only
    ticks, bars, controls = parsed(data, cuts, states)
    reference = expected(data, trades_only=trades_only)
    assert ticks_of(ticks) == reference.ticks
    assert bars_of(bars) == reference.bars
    assert controls == reference.controls
    assert [row_of(row) for row in states.rows] == list(reference.rows.values())
    assert states.positions[0] == len(reference.ticks)
    assert states.count(ctx.COUNT_RECORDS) == reference.records
    assert tops_of(states.tops.rows) == shared_tops(reference)


SPANS = {
    1: (60, RTYPE_OHLCV_1M),
    2: (1, RTYPE_OHLCV_1S),
    3: (3600, RTYPE_OHLCV_1H),
    4: (86_400, RTYPE_OHLCV_1D),
    5: (86_400, RTYPE_OHLCV_EOD),
}
"""The bars of each instrument: length in seconds and record type."""


@st.composite
def ohlcv_rounds(draw: st.DrawFn) -> tuple[list[bytes], list[tuple[int, int, int, int]]]:
    """Return bars of a feed, in order, and (instrument, interval in s, start, volume) of each."""
    records, expected_bars = [], []
    steps = draw(st.lists(st.integers(0, 40), min_size=1, max_size=12))
    for at in np.cumsum(steps).tolist():
        number, volume = draw(st.sampled_from(sorted(SPANS))), draw(st.integers(1, 99))
        span, rtype = SPANS[number]
        start = START // (span * S) * span * S + at * span * S
        bar = rows(rtype, 1, instrument_id=number, ts_event=start, volume=volume)
        for field in ("open", "high", "low", "close"):
            bar[field] = 100 * S + at
        records.append(bar.tobytes())
        expected_bars.append((number, span, start, volume))
    return records, expected_bars


@given(ohlcv_rounds(), st.integers(1, 5), st.integers(0, 12))
def test_bars_of_a_feed_that_begins_again_do_not_add_up(
    made: tuple[list[bytes], list[tuple[int, int, int, int]]], rounds: int, cut: int
) -> None:
    records, sent = made
    states = InstrumentStates()
    pieces = [states.bars.copy()]
    for each in [*[len(records)] * rounds, cut, len(records)]:  # the round before the last is cut
        states.drain()
        states.clear()
        data = b"".join(records[:each])
        pieces.extend(batch.bars.copy() for batch in Parser(states).feed(data))
    pieces.append(states.close())
    wanted: dict[tuple[int, int, int], int] = {}
    for number, span, start, volume in sent:
        for interval in {span, max(span, 60)}:
            key = number, interval, start - start % (interval * S)
            wanted[key] = wanted.get(key, 0) + volume
    assert bar_volumes(np.concatenate(pieces)) == wanted


def test_a_minute_of_the_feed_takes_the_place_of_its_seconds() -> None:
    seconds = rows(RTYPE_OHLCV_1S, 60, open=1, high=1, low=1, close=1, volume=1)
    seconds["ts_event"] = START // MINUTE * MINUTE + MINUTE + np.arange(60) * S
    minute = rows(RTYPE_OHLCV_1M, 1, open=1, high=1, low=1, close=1, volume=60)
    minute["ts_event"] = seconds["ts_event"][0]
    later = seconds[:1].copy()
    later["ts_event"] += MINUTE
    for order in ((seconds, minute, later), (seconds, later, minute)):
        states = InstrumentStates()
        data = b"".join(part.tobytes() for part in order)
        pieces = [batch.bars.copy() for batch in Parser(states).feed(data)]
        volumes = bar_volumes(np.concatenate([*pieces, states.close()]))
        assert [v for (_, interval, _), v in volumes.items() if interval == 60] == [60, 1]


def test_a_day_has_the_bar_of_the_type_that_came_first() -> None:
    for first, other in ((RTYPE_OHLCV_1D, RTYPE_OHLCV_EOD), (RTYPE_OHLCV_EOD, RTYPE_OHLCV_1D)):
        states = InstrumentStates()
        data = b"".join(
            rows(rtype, 2, ts_event=START, close=S, volume=7).tobytes() for rtype in (first, other)
        )
        (batch,) = Parser(states).feed(data)
        assert bar_volumes(batch.bars) == {(0, 86_400, START - START % (86_400 * S)): 14}
        assert states.count(ctx.COUNT_OHLCV_IGNORED) == 2


@pytest.mark.parametrize("schema", ["ohlcv-1s", "ohlcv-1m", "ohlcv-1h", "ohlcv-1d", "trades", None])
def test_bars_of_the_deprecated_type_are_of_the_interval_of_the_schema(schema: str | None) -> None:
    states = InstrumentStates()
    states.use_schema(schema)
    data = rows(RTYPE_OHLCV_DEPRECATED, 2, ts_event=START, close=S, volume=7).tobytes()
    pieces = [batch.bars.copy() for batch in Parser(states).feed(data)]
    volumes = bar_volumes(np.concatenate([*pieces, states.close()]))
    is_timed = schema is not None and schema.startswith("ohlcv")
    assert set(volumes.values()) == ({14} if is_timed else set())
    assert states.count(ctx.COUNT_SKIPPED + RTYPE_OHLCV_DEPRECATED) == (0 if is_timed else 2)


@given(STREAMS, CUTS)
def test_small_tables_change_nothing(data: bytes, cuts: list[int]) -> None:
    small = InstrumentStates(instruments=1, ticks=4)
    ticks, bars, controls = parsed(data, cuts, small, buffer=2048)
    reference = expected(data)
    assert ticks_of(ticks) == reference.ticks
    assert bars_of(bars) == reference.bars
    assert controls == reference.controls


@given(STREAMS, CUTS)
def test_the_fold_of_its_ticks_is_its_state(data: bytes, cuts: list[int]) -> None:
    states, folded = InstrumentStates(ticks=64), InstrumentStates(ticks=64)
    ticks, bars, _ = parsed(data, cuts, states)
    trades = ticks[ticks["kind"] == TICK_TRADE]
    closed = folded.fold(ticks, 1)
    # Running bars are not compared: the feed's clock, which closes them, is not in the ticks.
    # Nor is the publisher, whose tops are not in the ticks either.
    left_out = ("dirty", "publisher")
    feed_bars = ("s_", "m_", "h_", "d_")
    compared = [n for n in STATE.names or () if n not in left_out and n[:2] not in feed_bars]
    for row in states.rows:
        other = folded.row(1, int(row["instrument_id"]))
        if other is not None:
            if not row["last_ts"]:  # the feed's own bars, which are no ticks, end a clear
                other["cleared"] = row["cleared"]
            assert [row[n] for n in compared] == [other[n] for n in compared]
    rest, other_rest = states.close(), folded.close()
    volumes = [np.concatenate(pair) for pair in ((bars, rest), (closed, other_rest))]
    for interval in (1, 60):
        total = [int(v["volume"][v["interval_s"] == interval].sum()) for v in volumes]
        if not np.isin(bars["trades"], 0).any():  # the feed's own bars are no ticks
            assert total[0] == total[1] == int(trades["size"].sum())


@given(STREAMS, st.integers(2, 5))
def test_each_shard_numbers_its_own_ticks(data: bytes, shards: int) -> None:
    states = InstrumentStates(shards=shards, ticks=64)
    ticks, _, _ = parsed(data, [], states)
    numbers = [shard_of(1, int(n), shards) for n in ticks["instrument_id"]]
    assert states.positions.tolist() == [numbers.count(shard) for shard in range(shards)]
    for row in states.rows:
        assert row["shard"] == shard_of(1, int(row["instrument_id"]), shards)


@given(st.lists(record(), min_size=1, max_size=6).map(b"".join), st.data())
def test_mutated_records_are_read_inside_their_bytes_or_refused(
    data: bytes, choice: st.DataObject
) -> None:
    mutated = bytearray(data)
    for _ in range(choice.draw(st.integers(1, 8))):
        at = choice.draw(st.integers(0, len(mutated) - 1))
        mutated[at] = choice.draw(st.integers(0, 255))
    guarded(bytes(mutated))


@given(st.binary(max_size=600))
def test_random_bytes_are_read_inside_their_bytes_or_refused(data: bytes) -> None:
    guarded(data[: len(data) // 8 * 8])


def guarded(data: bytes) -> None:
    """Parse data whose end is the end of a mapping: a read beyond it would end this process."""
    page = mmap.mmap(-1, mmap.PAGESIZE * (1 + len(data) // mmap.PAGESIZE))
    view = np.frombuffer(page, np.uint8)
    at = len(view) - len(data)
    view[at:] = np.frombuffer(data, np.uint8)
    states = InstrumentStates(ticks=64)
    states.context[ctx.CTX_BUFFER] = view.ctypes.data + at
    reached = -1
    end = 0
    while end != reached:
        reached, end = end, walk(states.address, end, len(data))
        states.drain()
        assert 0 <= end <= len(data) and end % 8 == 0
    assert sum(1 for _ in records_of(data[:end])) == states.count(ctx.COUNT_RECORDS)


@pytest.mark.parametrize("length", [0, 3, 5, 255])
def test_an_impossible_length_ends_the_feed_after_what_came_before(length: int) -> None:
    good = np.zeros(48, np.uint8)
    good[0], good[28] = 12, ord("T")
    good.view(np.int64)[[1, 4]] = START
    bad = np.zeros(1024, np.uint8)
    bad[0] = length
    seen = 0
    with pytest.raises(FeedCorrupt, match=f"{4 * length} bytes"):
        for batch in Parser(InstrumentStates()).feed(np.concatenate([good, good, bad])):
            seen += len(batch.ticks)
    assert seen == 2


QUOTE_SCHEMAS = ("bbo-1s", "bbo-1m", "cbbo-1s", "cbbo-1m")


@pytest.mark.shared_data
@pytest.mark.parametrize("schema", QUOTE_SCHEMAS)
def test_recorded_quotes_are_of_the_end_of_their_interval(schema: str) -> None:
    for file in shared_files(f"datasets/*/test_data.{schema}.dbn.zst", f"versions/*.{schema}.*"):
        states = InstrumentStates()
        made = [batch.ticks.copy() for batch in Parser(states).feed(open_dbn(file).read_all())]
        store: Iterable[Any] = databento.DBNStore.from_bytes(file.read_bytes())
        received = {record.ts_recv for record in store}
        ticks = np.concatenate([states.ticks[:0], *made])
        assert set(ticks["ts_event"].tolist()) <= received, file
        assert len(ticks) or schema.endswith("1s")


UNDEFINED = st.sampled_from([UNDEF_SIZE, 1, 7])


@given(st.sampled_from([RTYPE_TRADE, RTYPE_MBP_1, RTYPE_MBP_10, RTYPE_MBO, RTYPE_TCBBO]), UNDEFINED)
def test_an_undefined_size_is_no_volume(rtype: int, size: int) -> None:
    made = rows(rtype, 3, instrument_id=1, price=100 * S, action=ord("T"), side=ord("B"))
    made["ts_event"] = made["ts_recv"] = START + np.arange(3)
    made["size"] = [5, size, 6]
    if "bid_sz_00" in (made.dtype.names or ()):
        made["bid_sz_00"] = made["ask_sz_00"] = size
    states = InstrumentStates()
    (batch,) = Parser(states).feed(made.tobytes())
    sizes = batch.ticks["size"][batch.ticks["kind"] == TICK_TRADE].tolist()
    defined = 0 if size == UNDEF_SIZE else size
    assert sizes == [5, defined, 6]
    assert UNDEF_SIZE not in batch.ticks["size"]
    row = states.row(1, 1)
    assert row is not None and row["volume"] == sum(sizes)
    assert {int(bar["volume"]) for bar in states.close()} == {sum(sizes)}


def test_every_skipped_record_is_counted() -> None:
    kinds = {
        ctx.COUNT_SHORT: (1, 48, {}),
        ctx.COUNT_UNDEFINED: (0, 48, {2: UNDEF, 1: START, 4: START}),
        ctx.COUNT_BAD_TIME: (0, 48, {}),
        ctx.COUNT_SKIPPED + 99: (99, 40, {}),
    }
    for counter, (rtype, size, words) in kinds.items():
        data = np.zeros(size, np.uint8)
        data[0], data[1], data[28] = size // 4, rtype, ord("T")
        for word, value in words.items():
            data.view(np.int64)[word] = value
        states = InstrumentStates(ticks=64)
        list(Parser(states).feed(data))
        assert states.count(counter) == 1
        assert states.count(ctx.COUNT_RECORDS) == 1


def test_a_bar_of_an_impossible_volume_is_counted_and_not_added() -> None:
    volumes = (2**63 - 1, 5, 2**63 - 1)
    data = b"".join(
        rows(RTYPE_OHLCV_1S, 1, ts_event=START, close=S, volume=volume).tobytes()
        for volume in volumes
    )
    states = InstrumentStates()
    pieces = [batch.bars.copy() for batch in Parser(states).feed(data)]
    seen = bar_volumes(np.concatenate([*pieces, states.close()]))
    assert set(seen.values()) == {5}
    assert states.count(ctx.COUNT_UNDEFINED) == 2
