"""The simulated market as a pure function: the same for the same seed, and a believable market."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.support.dbn import decoded_by_databento
from tests.support.gateway import S
from tests.support.simulation import NIGHT, NOON, run
from tickfire.ingest.dbn.layout import ACTION_TRADE, RTYPE_MBP_1, RTYPE_TRADE, SIDE_BID
from tickfire.ingest.dbn.metadata import Metadata
from tickfire.ingest.dbn.records import MBP_1, TRADE
from tickfire.ingest.gateway.market.definitions import definitions_of
from tickfire.ingest.gateway.market.simulation import Simulation, simulate, tick_size
from tickfire.ingest.gateway.market.universe import listings
from tickfire.ingest.gateway.segment import survey_chunk


def split(data: bytes) -> tuple[NDArray[np.void], NDArray[np.void]]:
    """Return trades and quotes."""
    buffer = np.frombuffer(data, np.uint8)
    segment = survey_chunk(buffer.copy())
    trades = bytes(segment.selected(segment.rtypes == RTYPE_TRADE, 0, len(segment)))
    quotes = bytes(segment.selected(segment.rtypes == RTYPE_MBP_1, 0, len(segment)))
    assert len(trades) + len(quotes) == len(data)
    return np.frombuffer(trades, TRADE), np.frombuffer(quotes, MBP_1)


@pytest.fixture(scope="module")
def minutes() -> bytes:
    return run(Simulation(5, NOON), NOON + 300 * S)


def test_the_same_seed_and_start_give_the_same_market() -> None:
    def first_seconds(seed: int, start: int) -> bytes:
        return b"".join(b.tobytes() for b in itertools.islice(simulate(seed, start), 5))

    assert first_seconds(1, NOON) == first_seconds(1, NOON)
    assert first_seconds(1, NOON) != first_seconds(2, NOON)
    assert first_seconds(1, NOON) != first_seconds(1, NOON + S)


@settings(max_examples=20)
@given(st.lists(st.integers(0, 2 * S), max_size=30), st.integers(0, 2**32))
def test_it_does_not_matter_how_time_is_cut(cuts: list[int], seed: int) -> None:
    whole, cut = Simulation(seed, NOON), Simulation(seed, NOON)
    parts = b"".join(run(cut, NOON + until) for until in sorted([*cuts, 2 * S]))
    assert parts == run(whole, NOON + 2 * S)


def test_more_than_a_buffer_comes_in_several_batches() -> None:
    batches = list(Simulation(1, NOON, speed=50).advance(NOON + 5 * S))
    assert len(batches) > 1
    assert all(batch.ctypes.data % 8 == 0 for batch in batches)
    assert sum(map(len, batches)) > 1 << 20


def test_databento_reads_every_record(minutes: bytes) -> None:
    _, *records = decoded_by_databento(Metadata("TEST").encode() + minutes)
    assert b"".join(map(bytes, records)) == minutes
    assert {type(record).__name__ for record in records} == {"TradeMsg", "MBP1Msg"}


def test_times_and_sequences_rise_and_receipt_follows_the_event(minutes: bytes) -> None:
    _, *records = decoded_by_databento(Metadata("TEST").encode() + minutes)
    for before, after in itertools.pairwise(records):
        assert after.ts_event >= before.ts_event
        assert after.ts_recv >= before.ts_recv
        assert after.sequence == before.sequence + 1
    assert NOON <= records[0].ts_event and records[-1].ts_event < NOON + 300 * S
    assert all(40_000 <= r.ts_recv - r.ts_event < 1_000_000 for r in records)


def test_prices_are_on_the_tick_grid_and_the_book_is_never_crossed(minutes: bytes) -> None:
    trades, quotes = split(minutes)
    for listing in listings(12, 5, NOON):
        tick = tick_size(listing.kind)
        own = quotes[quotes["instrument_id"] == listing.instrument_id]
        traded = trades[trades["instrument_id"] == listing.instrument_id]
        assert len(own) > 100 and len(traded) > 20, listing.symbol
        assert not np.any(own["bid_px_00"] % tick)
        assert not np.any(own["ask_px_00"] % tick)
        assert not np.any(traded["price"] % tick)
        spread = (own["ask_px_00"] - own["bid_px_00"]) // tick
        assert spread.min() >= 1 and np.median(spread) <= 3, listing.symbol
        assert own["bid_sz_00"].min() >= 1 and own["ask_sz_00"].min() >= 1
        assert traded["size"].min() >= 1


def test_a_trade_hits_the_bid_or_lifts_the_ask_and_changes_the_book(minutes: bytes) -> None:
    _, *records = decoded_by_databento(Metadata("TEST").encode() + minutes)
    book: dict[int, Any] = {}
    checked = 0
    for record, following in itertools.pairwise(records):
        if type(record).__name__ == "MBP1Msg":
            book[record.instrument_id] = record.levels[0]
            continue
        assert (following.instrument_id, following.ts_event) == (
            record.instrument_id,
            record.ts_event,
        )
        if record.instrument_id in book:
            top = book[record.instrument_id]
            is_buy = ord(str(record.side)) == SIDE_BID
            assert record.price == (top.ask_px if is_buy else top.bid_px)
            assert record.size <= (top.ask_sz if is_buy else top.bid_sz)
            checked += 1
    assert checked > 1000


def test_no_quote_has_the_action_of_a_trade(minutes: bytes) -> None:
    trades, quotes = split(minutes)
    assert set(trades["action"].tolist()) == {ACTION_TRADE}
    assert ACTION_TRADE not in quotes["action"]


def test_events_are_some_hundreds_a_second_and_follow_the_day_and_the_speed() -> None:
    def rate(start: int, speed: float = 1.0) -> float:
        data = run(Simulation(9, start, speed=speed), start + 120 * S)
        return sum(map(len, split(data))) / 120

    night, noon = rate(NIGHT), rate(NOON)
    assert 200 < night < 1500
    assert noon > night
    assert 2.5 < rate(NIGHT, 4.0) / night < 6


def test_volatility_and_rate_cluster() -> None:
    trades, quotes = split(run(Simulation(3, NIGHT), NIGHT + 600 * S))
    counts = np.bincount((quotes["ts_event"].astype(np.int64) - NIGHT) // S, minlength=600)
    assert np.corrcoef(counts[:-10], counts[10:])[0, 1] > 0.3
    assert len(trades)


def test_instruments_move_together(minutes: bytes) -> None:
    _, quotes = split(minutes)
    grid = NOON + np.arange(10, 300, 5) * S
    moves = []
    for number in (1001, 1002, 1005):  # ES, NQ, SPY
        own = quotes[quotes["instrument_id"] == number]
        last = np.searchsorted(own["ts_event"].astype(np.int64), grid) - 1
        moves.append(np.diff(np.log((own["bid_px_00"] + own["ask_px_00"])[last])))
    correlation = np.corrcoef(moves)
    assert correlation[0, 2] > 0.5 and correlation[0, 1] > 0.3


@pytest.mark.parametrize(
    ("day", "symbol"),
    [
        ((2026, 11, 22), "ESZ6"),
        ((2026, 12, 9), "ESZ6"),
        ((2026, 12, 10), "ESH7"),
        ((2027, 1, 1), "ESH7"),
        ((2027, 6, 1), "ESM7"),
        ((2029, 12, 31), "ESH0"),
    ],
)
def test_futures_are_the_front_contract_of_the_day(day: tuple[int, int, int], symbol: str) -> None:
    at = int(datetime(*day, 12, tzinfo=UTC).timestamp()) * S
    (es,) = listings(1, 1, at)
    assert es.symbol == symbol
    assert es.expiration is not None and es.expiration > at
    assert es.continuous == "ES.c.0"


def test_any_number_of_instruments_has_symbols_of_its_own() -> None:
    many = listings(500, 7, NOON)
    assert len({listing.symbol for listing in many}) == 500
    assert len({listing.instrument_id for listing in many}) == 500
    assert listings(500, 7, NOON) == many
    assert many[:12] == listings(12, 8, NOON)
    assert split(run(Simulation(7, NOON, instruments=500), NOON + S))[1].size > 100


def test_definitions_tell_tick_size_and_expiration() -> None:
    rows = listings(12, 1, NOON)
    _, *definitions = decoded_by_databento(
        Metadata("TEST").encode() + definitions_of(rows, NOON).tobytes()
    )
    by_symbol = {definition.raw_symbol: definition for definition in definitions}
    assert by_symbol["ESZ6"].min_price_increment == 250_000_000
    assert by_symbol["ESZ6"].expiration == rows[0].expiration
    assert by_symbol["ESZ6"].asset == "ES"
    assert by_symbol["AAPL"].min_price_increment == 10_000_000
    assert str(by_symbol["AAPL"].instrument_class) == "K"


def test_a_market_that_stood_still_goes_on_from_its_last_prices() -> None:
    simulation = Simulation(1, NOON)
    _, before = split(run(simulation, NOON + 60 * S))
    later = NOON + 30 * 86_400 * S
    simulation.skip_to(later)
    _, after = split(run(simulation, later + 10 * S))
    assert int(after["ts_event"][0]) >= later
    for number in (1001, 1005):
        old = before[before["instrument_id"] == number]["bid_px_00"][-1]
        new = after[after["instrument_id"] == number]["bid_px_00"][0]
        assert abs(int(new) - int(old)) < int(old) // 100
