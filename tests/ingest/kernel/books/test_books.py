"""Order books equal a plain reference after every record."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.support.dbn import SHARED_DATA, START, rows, shared_files
from tests.support.orders import orders
from tests.support.reference.book import UNDEF, Book, Books
from tickfire.ingest.dbn.file import open_dbn
from tickfire.ingest.dbn.layout import (
    FLAG_LAST,
    FLAG_MAYBE_BAD_BOOK,
    LATEST_NS,
    RTYPE_MBO,
    RTYPE_MBP_10,
)
from tickfire.ingest.dbn.records import MBO
from tickfire.ingest.kernel.books import words as w
from tickfire.ingest.kernel.parse import Parser
from tickfire.ingest.kernel.state import InstrumentStates
from tickfire.store.schema import BOOK_DEPTH, TICK_ASK, TICK_BID

COUNTERS = {
    "unknown": w.BOOKS_UNKNOWN,
    "excessive": w.BOOKS_EXCESSIVE,
    "duplicate": w.BOOKS_DUPLICATE,
    "crossed": w.BOOKS_CROSSED,
    "invalid": w.BOOKS_INVALID,
    "resyncs": w.BOOKS_RESYNCS,
}


def parse(parser: Parser, data: bytes) -> None:
    for _ in parser.feed(data):
        pass


def faults(states: InstrumentStates) -> Counter[str]:
    return Counter({name: states.books.count(at) for name, at in COUNTERS.items()})


def assert_equal(states: InstrumentStates, key: tuple[int, int], book: Book) -> None:
    assert states.books.levels(*key) == (book.levels("B"), book.levels("A"))
    assert states.books.orders(*key) == (book.queue("B"), book.queue("A"))
    assert states.books.is_synced(*key) != book.unsynced


def key_of(record: Any) -> tuple[int, int]:
    return int(record["instrument_id"]), int(record["publisher_id"])


def mbo_files() -> list[Path]:
    return sorted([*SHARED_DATA.glob("**/*mbo*.dbn"), *SHARED_DATA.glob("**/*mbo*.zst")])


@pytest.mark.shared_data
@pytest.mark.parametrize("path", mbo_files(), ids=lambda path: f"{path.parent.name}-{path.name}")
def test_a_recorded_book_equals_the_reference_at_every_record(path: Path) -> None:
    """The best levels are compared at every record, all levels and orders at times."""
    records = open_dbn(path).read_all().view(MBO)
    states, reference = InstrumentStates(), Books()
    parser = Parser(states)
    for at, record in enumerate(records):
        parse(parser, record.tobytes())
        key, book = key_of(record), reference.take(record)
        row = states.rows[0]
        if record["flags"] & FLAG_LAST:
            assert (row["bid_price"], row["bid_size"]) == book.best("B")
            assert (row["ask_price"], row["ask_size"]) == book.best("A")
        for side, levels in zip("BA", states.books.levels(*key, depth=BOOK_DEPTH), strict=True):
            assert levels == book.levels(side, BOOK_DEPTH)
        if at % 2000 == 0:
            assert_equal(states, key, book)
    assert_equal(states, key, book)
    assert faults(states) == reference.faults


@pytest.mark.shared_data
def test_bids_and_asks_that_cross_before_an_auction_are_no_contradiction() -> None:
    (path,) = shared_files("esh4*.mbo.dbn.zst")
    states = InstrumentStates()
    parse(Parser(states), open_dbn(path).read_all().tobytes())
    assert states.books.count(w.BOOKS_CROSSED) == 1
    assert states.books.count(w.BOOKS_RESYNCS) == 0


ORDERS = st.integers(1, 6)
FLAGS = st.sampled_from([FLAG_LAST] * 6 + [0, 0, 40, FLAG_LAST | 32, FLAG_LAST | 64, 4, 16 | 128])


@st.composite
def mbo_record(draw: st.DrawFn) -> NDArray[np.void]:
    price = draw(st.integers(0, 12).map(lambda tick: (100 + tick) * 10**9) | st.just(UNDEF))
    return rows(
        RTYPE_MBO,
        1,
        instrument_id=draw(st.integers(1, 2)),
        publisher_id=draw(st.integers(1, 2)),
        ts_event=START,
        ts_recv=START,
        order_id=draw(ORDERS),
        price=price,
        size=draw(st.integers(0, 5) | st.just(2**32 - 1)),
        flags=draw(FLAGS),
        action=draw(st.sampled_from(b"AAAAACCMMTFRN")),
        side=draw(st.sampled_from(b"ABABABN")),
    )


@given(st.lists(mbo_record(), max_size=60))
def test_any_sequence_of_records_equals_the_reference(records: list[NDArray[np.void]]) -> None:
    states, reference = InstrumentStates(), Books()
    parser = Parser(states)
    for record in records:
        parse(parser, record.tobytes())
        assert_equal(states, key_of(record[0]), reference.take(record[0]))
    for key, book in reference.books.items():
        assert_equal(states, key, book)
    assert faults(states) == +reference.faults


@given(st.data(), st.lists(mbo_record(), min_size=1, max_size=20))
def test_changed_bytes_do_no_harm(data: st.DataObject, records: list[NDArray[np.void]]) -> None:
    mutated = bytearray(b"".join(record.tobytes() for record in records))
    for at, value in data.draw(
        st.lists(st.tuples(st.integers(2, len(mutated) - 1), st.integers(0, 255)), max_size=30)
    ):
        if at % 56 > 1:  # the length and the type of a record stay
            mutated[at] = value
    states, reference = InstrumentStates(), Books()
    parse(Parser(states), bytes(mutated))
    for record in np.frombuffer(bytes(mutated), MBO):
        if 0 < record["ts_event"] <= LATEST_NS or 0 < record["ts_recv"] <= LATEST_NS:
            reference.take(record)
    for key, book in reference.books.items():
        assert_equal(states, key, book)


@pytest.mark.parametrize("count", [1, 3000])
def test_tables_grow_and_forget_what_is_gone(count: int) -> None:
    """A day of orders that come and go leaves no trace, and many at once are all kept."""
    states, reference = InstrumentStates(), Books()
    parser = Parser(states)
    adds = orders(b"A", count)
    for record in adds:
        reference.take(record)
    parse(parser, adds.tobytes())
    for _ in range(3):
        parse(parser, orders(b"C", count).tobytes() + adds.tobytes())
    ((key, book),) = reference.books.items()
    assert_equal(states, key, book)
    slots = len(states.books._orders)
    for _ in range(20):
        parse(parser, orders(b"R", 1).tobytes() + adds.tobytes())
    assert_equal(states, key, book)
    assert len(states.books._orders) <= 2 * slots


def test_a_contradiction_empties_its_own_book_alone() -> None:
    states = InstrumentStates()
    parser = Parser(states)
    good, bad = orders(b"A", 4), orders(b"A", 4, instrument_id=8)
    cancel = orders(b"C", 1, instrument_id=8)
    cancel["order_id"] = 99
    parse(parser, good.tobytes() + bad.tobytes() + cancel.tobytes())
    assert states.books.levels(8, 1) == ([], []) and not states.books.is_synced(8, 1)
    assert len(states.books.levels(7, 1)[0]) == 2 and states.books.is_synced(7, 1)
    row = states.row(1, 8)
    assert row is not None and row["bid_price"] == row["ask_price"] == UNDEF
    ticks = next(batch.ticks.copy() for batch in parser.feed(bad.tobytes()))
    assert np.all(ticks["flags"] & FLAG_MAYBE_BAD_BOOK), "quotes of the book that is built again"
    parse(parser, orders(b"R", 1, instrument_id=8).tobytes())
    assert states.books.is_synced(8, 1)


def test_ten_levels_are_taken_when_they_have_changed_and_the_event_is_complete() -> None:
    states = InstrumentStates()
    parser = Parser(states)
    added = orders(b"A", 30)
    added["flags"][-1] = 0
    parse(parser, added.tobytes())
    assert not len(states.books.take()), "the last event is not complete"
    assert len(states.books.take(in_event=True)) == 1
    added["flags"][-1] = FLAG_LAST
    parse(parser, orders(b"R", 1).tobytes() + added.tobytes())
    assert not len(states.books.take()), "it is as it was"
    far = orders(b"C", 30)[-2:]
    parse(parser, far.tobytes())
    assert not len(states.books.take()), "a level beyond the tenth"
    parse(parser, orders(b"C", 1).tobytes())
    (book,) = states.books.take()
    about = [int(book[name]) for name in ("instrument_id", "publisher_id", "feed", "flags")]
    assert about == [7, 1, 1, 0]
    assert book["bid_price"].tolist() == [-(3 + 2 * i) * 10**9 for i in range(10)]
    assert book["ask_price"].tolist() == [(2 + 2 * i) * 10**9 for i in range(10)]
    assert set(book["bid_size"]) == {3} and set(book["ask_count"]) == {1}


def test_mbp_10_is_copied_and_its_top_is_the_quote() -> None:
    record = rows(RTYPE_MBP_10, 1, instrument_id=3, publisher_id=2, flags=FLAG_LAST)
    record["ts_event"] = record["ts_recv"] = START
    for i in range(BOOK_DEPTH):
        for side, sign in (("bid", -1), ("ask", 1)):
            record[f"{side}_px_{i:02d}"] = UNDEF if i > 6 else 50 + sign * (i + 1)
            record[f"{side}_sz_{i:02d}"], record[f"{side}_ct_{i:02d}"] = 100 + i, i
    states = InstrumentStates()
    parse(Parser(states), record.tobytes())
    (book,) = states.books.take()
    assert book["bid_price"].tolist() == [*range(49, 42, -1), UNDEF, UNDEF, UNDEF]
    assert book["ask_size"].tolist() == [*range(100, 107), 0, 0, 0]
    assert book["ask_count"].tolist() == [*range(7), 0, 0, 0]
    row = states.row(1, 3)
    assert row is not None and (row["bid_price"], row["ask_price"]) == (49, 51)


def quotes(path: Path) -> list[tuple[int, ...]]:
    """Return the sequence, kind, price and size of the quotes of a file."""
    states = InstrumentStates()
    ticks = [b.ticks.copy() for b in Parser(states).feed(open_dbn(path).read_all())]
    every = np.concatenate([t[(t["kind"] == TICK_BID) | (t["kind"] == TICK_ASK)] for t in ticks])
    return list(
        zip(*(every[n].tolist() for n in ("sequence", "kind", "price", "size")), strict=True)
    )


@pytest.mark.shared_data
def test_quotes_of_orders_equal_those_of_mbp_1() -> None:
    """Both files of Nasdaq begin with the same order; that of MBP-1 goes on for longer."""
    (orders_file,) = shared_files("datasets/XNAS.ITCH/*.mbo.dbn.zst")
    (tops_file,) = shared_files("datasets/XNAS.ITCH/*.mbp-1.dbn.zst")
    made, sent = quotes(orders_file), quotes(tops_file)
    common = [each for each in sent if each[0] <= made[-1][0]]
    assert made == common and len(made) >= 3


@pytest.mark.shared_data
def test_quotes_of_mbp_10_equal_those_of_mbp_1() -> None:
    compared = 0
    for path in shared_files("datasets/*/*.mbp-10.dbn.zst"):
        made, sent = quotes(path), quotes(path.with_name("test_data.mbp-1.dbn.zst"))
        last = min((own[-1][0] for own in (made, sent) if own), default=0)
        within = [[each for each in own if each[0] <= last] for own in (made, sent)]
        assert within[0] == within[1], path
        compared += len(within[0])
    assert compared > 10
