"""Old bars, read part by part, against all pieces of the stream at once."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.feeds import feeds
from tests.support.publisher import DAY, FEED, SECOND, STREAM, trades
from tickfire.base.calendar.bounds import bounds_of
from tickfire.base.calendar.hours import ALWAYS, TradingHours
from tickfire.ingest.kernel.state import InstrumentStates
from tickfire.server.market.candles.bar_index import BarIndex, key_of
from tickfire.server.market.candles.older import OlderBars
from tickfire.server.market.candles.pieces import whole_bars
from tickfire.server.market.candles.series import fold
from tickfire.store.entries import Entry
from tickfire.store.history import History
from tickfire.store.schema import BAR, INTERVALS_S, MINUTE_S, Instrument, Rows

AAA = Instrument(FEED, 1, "AAA")

HOURS = (ALWAYS, TradingHours.parse("cme"), TradingHours.parse("us-equities"))


class Stream:
    """Entries of a stream of bars in memory; each request is preceded by a further entry."""

    def __init__(self, index: BarIndex, written: list[Rows], coming: list[Rows]) -> None:
        self.index, self.coming = index, coming
        self.entries: list[Entry] = []
        for pieces in written:
            self.write(pieces)

    def write(self, pieces: Rows) -> None:
        entry = (b"1-%d" % (len(self.entries) + 1), {b"d": pieces.tobytes()})
        self.entries.append(entry)
        self.index.add([entry])

    async def range(self, key: bytes, start: bytes, count: int, end: bytes) -> list[Entry]:
        await asyncio.sleep(0)
        if self.coming:
            self.write(self.coming.pop(0))
        first, last = int(start.split(b"-")[1]), int(end.split(b"-")[1])
        first += start.startswith(b"(")
        return self.entries[first - 1 : last][:count]

    def bars(self, interval_s: int, hours: TradingHours) -> list[list[int]]:
        pieces = np.frombuffer(b"".join(fields[b"d"] for _, fields in self.entries), BAR)
        of = (pieces["interval_s"] == min(interval_s, MINUTE_S)) & (pieces["instrument_id"] == 1)
        for group in whole_bars(pieces[of]):
            starts = bounds_of(interval_s, hours).starts_of(group.bars[:, 0])
            rows: list[list[int]] = fold(group.bars, starts).tolist()
            return rows
        return []


def pieces_of(ticks: Any, cuts: list[int]) -> list[Rows]:
    """Return the pieces that ingest writes, one array for each of its entries."""
    states, entries, at = InstrumentStates(feed=FEED), [], 0
    for end in [*cuts, len(ticks)]:
        pieces = states.fold(ticks[at:end], at + 1)
        if len(pieces):
            entries.append(pieces)
        at = end
    return entries


@settings(max_examples=150)
@given(feeds(instruments=2), st.data())
def test_pages_are_the_bars_of_the_whole_stream(ticks: Any, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(ticks)), max_size=30)))
    entries = pieces_of(ticks, cuts)
    written = data.draw(st.integers(0, len(entries)))
    index = BarIndex(part_entries=data.draw(st.integers(1, 4)))
    stream = Stream(index, entries[:written], entries[written:])
    older = OlderBars(cast(History, stream), index, STREAM)
    interval_s = data.draw(st.sampled_from(list(INTERVALS_S.values())))
    hours = data.draw(st.sampled_from(HOURS))
    length = interval_s * SECOND
    before = DAY + data.draw(st.integers(0, 40 * 86_400 // interval_s)) * length
    limit = data.draw(st.integers(1, 5))
    bars, more = asyncio.run(older.read(AAA, interval_s, before, limit, hours))
    want = [bar for bar in stream.bars(interval_s, hours) if bar[0] < before]
    assert bars.tolist() == want[-limit:]
    assert more == (len(want) > limit)


@given(
    feeds(), st.sampled_from(list(INTERVALS_S.values())), st.integers(1, 7), st.sampled_from(HOURS)
)
def test_pages_joined_are_all_bars(
    ticks: Any, interval_s: int, limit: int, hours: TradingHours
) -> None:
    index = BarIndex(part_entries=2)
    stream = Stream(index, pieces_of(ticks, list(range(3, len(ticks), 3))), [])
    older = OlderBars(cast(History, stream), index, STREAM)
    pages: list[list[int]] = []
    before, more = DAY + 100 * 86_400 * SECOND, True
    while more:
        bars, more = asyncio.run(older.read(AAA, interval_s, before, limit, hours))
        assert len(bars) == limit or not more
        pages = bars.tolist() + pages
        before = pages[0][0] if pages else 0
    assert pages == stream.bars(interval_s, hours)


def test_only_the_parts_that_matter_are_read() -> None:
    ticks = trades(600, step=SECOND)
    index = BarIndex(part_entries=10)
    stream = Stream(index, pieces_of(ticks, list(range(1, 600))), [])
    requests = []

    class Counting(Stream):
        async def range(self, key: bytes, start: bytes, count: int, end: bytes) -> list[Entry]:
            requests.append(start)
            return await super().range(key, start, count, end)

    stream.__class__ = Counting
    older = OlderBars(cast(History, stream), index, STREAM)
    asyncio.run(older.read(AAA, 1, DAY + 300 * SECOND, 15))
    assert 2 <= len(requests) <= 3


def test_entries_that_the_stream_has_trimmed_are_forgotten() -> None:
    index = BarIndex(kept=100, part_entries=10)
    stream = Stream(index, pieces_of(trades(1000, step=SECOND), list(range(1, 1000))), [])
    spans = index.spans(key_of(FEED, 1, 1), DAY + 1000 * SECOND)
    assert 10 <= len(spans) <= 11
    assert len(stream.entries) == 999


def test_a_trimmed_stream_ends_where_it_begins() -> None:
    index = BarIndex(part_entries=10)
    stream = Stream(index, pieces_of(trades(100, step=SECOND), list(range(1, 100))), [])
    for at in range(45):
        stream.entries[at] = (stream.entries[at][0], {})
    older = OlderBars(cast(History, stream), index, STREAM)
    bars, more = asyncio.run(older.read(AAA, 1, DAY + 60 * SECOND, 100))
    assert bars[:, 0].tolist() == [DAY + second * SECOND for second in range(45, 60)]
    assert not more


def test_an_entry_is_indexed_once() -> None:
    index = BarIndex()
    entry = (b"1-1", {b"d": pieces_of(trades(20, step=SECOND), [])[0].tobytes()})
    index.add([entry])
    index.add([entry])
    ((span, _),) = index.spans(key_of(FEED, 1, 1), DAY + 100 * SECOND)
    assert span.pieces == 19
