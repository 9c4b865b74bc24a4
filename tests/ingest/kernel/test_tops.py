"""Tops of book by publisher, and the consolidated top of an instrument."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.dbn import START, rows, shared_files
from tests.support.records import STREAMS
from tests.support.reference.parse import UNDEF, Reference, S, records_of
from tickfire.ingest.dbn.file import open_dbn
from tickfire.ingest.dbn.layout import (
    RTYPE_CMBP_1,
    RTYPE_MBO,
    RTYPE_MBP_1,
    RTYPE_TRADE,
    UNDEF_SIZE,
)
from tickfire.ingest.kernel.parse import Parser
from tickfire.ingest.kernel.state import InstrumentStates
from tickfire.store.schema import TICK_ASK, TICK_BID, TICK_CLEAR, TICK_TRADE, Rows

times = itertools.count(START)


def quote(
    publisher: int,
    bid: tuple[int, int],
    ask: tuple[int, int],
    rtype: int = RTYPE_MBP_1,
    action: bytes = b"A",
) -> bytes:
    """Return a quote of instrument 7, with prices in whole units."""
    made = rows(rtype, 1, publisher_id=publisher, instrument_id=7, action=action[0])
    made["ts_event"] = made["ts_recv"] = next(times)
    for side, (price, size) in (("bid", bid), ("ask", ask)):
        made[f"{side}_px_00"] = price if price == UNDEF else price * S
        made[f"{side}_sz_00"] = size
    return made.tobytes()


def taken(states: InstrumentStates, *records: bytes) -> list[Rows]:
    """Return the ticks of each record."""
    parser = Parser(states)
    made = []
    for each in records:
        pieces = [batch.ticks.copy() for batch in parser.feed(each)]
        made.append(np.concatenate([states.ticks[:0], *pieces]))
    return made


def top(states: InstrumentStates) -> tuple[tuple[int, int], tuple[int, int]]:
    """Return the bid and the ask of instrument 7, with prices in whole units."""
    row = states.row(1, 7)
    assert row is not None
    sides = [(int(row[f"{side}_price"]), int(row[f"{side}_size"])) for side in ("bid", "ask")]
    bid, ask = ((price if price == UNDEF else price // S, size) for price, size in sides)
    return bid, ask


NOTHING = (UNDEF, 0)


def test_the_top_is_the_best_of_all_publishers_with_sizes_added_up() -> None:
    states = InstrumentStates()
    taken(states, quote(2, (99, 5), (101, 6)), quote(3, (99, 7), (102, 8)))
    assert top(states) == ((99, 12), (101, 6))
    (last,) = taken(states, quote(2, (98, 5), (102, 1)))
    assert top(states) == ((99, 7), (102, 9))
    assert last["kind"].tolist() == [TICK_BID, TICK_ASK]
    (same,) = taken(states, quote(2, (97, 5), (102, 1)))
    assert len(same) == 0
    assert top(states) == ((99, 7), (102, 9))


def test_the_size_of_a_top_stays_a_defined_one() -> None:
    states = InstrumentStates()
    for publisher in (1, 2, 3):
        taken(states, quote(publisher, (99, UNDEF_SIZE - 1), (101, 1)))
    assert top(states) == ((99, UNDEF_SIZE - 1), (101, 3))


def test_a_clear_empties_the_top_of_its_publisher_alone() -> None:
    states = InstrumentStates()
    taken(states, quote(2, (99, 5), (101, 6)))
    (other,) = taken(states, quote(3, NOTHING, NOTHING, action=b"R"))
    assert len(other) == 0
    taken(states, quote(3, (99, 7), (102, 8)))
    (one,) = taken(states, quote(2, NOTHING, NOTHING, action=b"R"))
    assert TICK_CLEAR not in one["kind"]
    assert top(states) == ((99, 7), (102, 8))
    taken(states, quote(3, NOTHING, NOTHING, action=b"R"))
    assert top(states) == (NOTHING, NOTHING)


def test_a_session_that_begins_again_empties_every_top() -> None:
    states = InstrumentStates()
    taken(states, quote(2, (99, 5), (101, 6)), quote(3, (99, 7), (102, 8)))
    states.drain()
    states.clear()
    assert (states.tops.rows["bid_price"] == UNDEF).all()
    taken(states, quote(2, (90, 1), (110, 1)))
    assert top(states) == ((90, 1), (110, 1))


def test_consolidated_quotes_are_not_mixed_with_those_of_venues() -> None:
    states = InstrumentStates()
    taken(states, quote(2, (99, 5), (101, 6)))
    taken(states, quote(90, (98, 1), (103, 2), RTYPE_CMBP_1))
    assert top(states) == ((98, 1), (103, 2))
    (venue,) = taken(states, quote(2, (100, 9), (101, 6)))
    assert len(venue) == 0
    assert top(states) == ((98, 1), (103, 2))
    assert states.tops.rows["bid_price"].tolist() == [100 * S]
    states.drain()
    states.clear()
    taken(states, quote(2, (100, 9), (101, 6)))
    assert top(states) == ((100, 9), (101, 6))


def test_consolidated_quotes_may_have_the_publisher_of_a_venue() -> None:
    states = InstrumentStates()
    taken(states, quote(2, (99, 5), (101, 6)), quote(2, (98, 1), (103, 2), RTYPE_CMBP_1))
    assert top(states) == ((98, 1), (103, 2))
    assert states.tops.rows["bid_price"].tolist() == [99 * S]


def test_trades_of_several_publishers_are_all_there() -> None:
    trades = rows(RTYPE_TRADE, 3, publisher_id=[1, 2, 2], instrument_id=7, action=ord("T"))
    trades["ts_event"] = trades["ts_recv"] = START
    trades["price"], trades["size"] = 100 * S, 4
    states = InstrumentStates()
    (ticks,) = taken(states, trades.tobytes())
    assert ticks["kind"].tolist() == [TICK_TRADE] * 3
    row = states.row(1, 7)
    assert row is not None and row["volume"] == 12


def test_an_instrument_of_one_publisher_takes_no_table() -> None:
    states = InstrumentStates()
    taken(states, quote(2, (99, 5), (101, 6)), quote(2, (98, 5), (102, 6)))
    assert len(states.tops) == 0
    assert len(states.tops.take()) == 0


def test_only_tops_that_have_changed_are_taken() -> None:
    states = InstrumentStates()
    taken(states, *(quote(publisher, (99, 5), (101, 6)) for publisher in range(1, 41)))
    assert states.tops.take()["publisher_id"].tolist() == list(range(1, 41))
    taken(states, quote(7, (99, 5), (101, 6)), quote(9, (98, 5), (101, 6)))
    (changed,) = states.tops.take()
    assert (changed["instrument_id"], changed["feed"], changed["publisher_id"]) == (7, 1, 9)
    assert changed["bid_price"] == 98 * S
    assert len(states.tops.take()) == 0


def without_orders(data: bytes) -> list[bytes]:
    """Return the records whose effect does not depend on order books, which are not stored."""
    return [each for each in records_of(data) if each[1] != RTYPE_MBO]


@given(STREAMS.map(without_orders), st.integers(0, 40))
def test_tops_go_on_after_a_restart_as_if_there_was_none(records: list[bytes], cut: int) -> None:
    whole, before, after = (InstrumentStates(ticks=64) for _ in range(3))
    taken(whole, *records)
    taken(before, *records[:cut])
    for _ in range(2):  # as when the first attempt to restore them fails
        after.load(before.rows)
        after.load_tops(before.tops.rows)
    taken(after, *records[cut:])
    fields = ["instrument_id", "bid_price", "ask_price", "bid_size", "ask_size", "quote_ts"]
    assert after.rows[fields].tolist() == whole.rows[fields].tolist()
    order = ["instrument_id", "publisher_id"]
    restored, expected = (np.sort(each.tops.rows, order=order) for each in (after, whole))
    assert restored.tolist() == expected.tolist()


RECORDED = ("OPRA.PILLAR/test_data.mbp-1", "OPRA.PILLAR/test_data.tbbo", "LIVE/test_data.live")


@pytest.mark.shared_data
@pytest.mark.parametrize("name", RECORDED)
def test_recorded_quotes_of_several_publishers_equal_the_reference(name: str) -> None:
    (file,) = shared_files(f"datasets/{name}.dbn.zst")
    data = open_dbn(file).read_all().tobytes()
    equal_to_reference(data)


@pytest.mark.shared_data
def test_recorded_quotes_dealt_out_to_publishers_equal_the_reference() -> None:
    """Quotes of one venue, as if three had sent them."""
    (file,) = shared_files("esu4-mbp-1-20240701.dbn.zst")
    data = open_dbn(file).read_all()
    quotes = np.frombuffer(data, rows(RTYPE_MBP_1, 0).dtype).copy()
    quotes["publisher_id"] = 1 + quotes["sequence"] % 3
    equal_to_reference(quotes.tobytes())


def equal_to_reference(data: bytes) -> None:
    reference = Reference()
    for each in records_of(data):
        reference.take(each)
    states = InstrumentStates()
    pieces = [batch.ticks.copy() for batch in Parser(states).feed(data)]
    ticks = np.concatenate([states.ticks[:0], *pieces])
    names = ["ts_event", "price", "size", "instrument_id", "sequence", "kind", "side", "flags"]
    assert ticks[names].tolist() == reference.ticks
    for row in reference.rows.values():
        publishers = states.tops.rows["publisher_id"][
            states.tops.rows["instrument_id"] == row.number
        ]
        assert set(publishers.tolist()) == (set(row.tops) if len(row.tops) > 1 else set())
