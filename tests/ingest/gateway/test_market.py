"""The simulated market by the clock: one for all sessions, with a past."""

from __future__ import annotations

import asyncio
import itertools

import numpy as np
import pytest

from tests.support.gateway import (
    TIMEOUT_S,
    ManualClock,
    S,
    controls_of,
    data_records,
    records_of,
)
from tests.support.simulation import EVERYTHING, NIGHT, Visit, market, run, step
from tickfire.base.units import UNDEF_PRICE
from tickfire.ingest.dbn.control import ErrorMsg, SymbolMappingMsg, SystemMsg
from tickfire.ingest.dbn.layout import (
    ACTION_TRADE,
    ERROR_INVALID_SUBSCRIPTION,
    ERROR_REPLAY_AGED_OUT,
    ERROR_SKIPPED_RECORDS,
    ERROR_SYMBOL_RESOLUTION,
    RTYPE_DEFINITION,
    RTYPE_MBP_1,
    RTYPE_SYSTEM,
    RTYPE_TRADE,
    SYSTEM_REPLAY_COMPLETED,
    SYSTEM_SLOW_READER,
)
from tickfire.ingest.gateway.feed import ReaderTooSlowError
from tickfire.ingest.gateway.market import feed as feed_module
from tickfire.ingest.gateway.market.feed import DATASET
from tickfire.ingest.gateway.market.history import History
from tickfire.ingest.gateway.market.market import LAG_NS, STEP_NS
from tickfire.ingest.gateway.market.simulation import Simulation
from tickfire.ingest.gateway.market.widen import Widener
from tickfire.ingest.gateway.segment import survey_chunk
from tickfire.ingest.lsg.requests import GatewaySubscription

UNDEF_LEVELS = UNDEF_PRICE.to_bytes(8, "little") * 2 + bytes(16)


def times(data: bytes) -> list[int]:
    return [int.from_bytes(record[8:16], "little") for record in data_records(data)]


async def test_a_session_gets_the_past_at_once_and_then_what_happens() -> None:
    clock = ManualClock(NIGHT)
    visit = Visit(market(clock), clock)
    async with visit.running(clock):
        await visit.pipe.written(1)
        past = times(visit.pipe.data)
        assert NIGHT - 31 * S < past[0] < NIGHT - 29 * S
        assert NIGHT - S < past[-1] < NIGHT - LAG_NS
        await step(clock, 50)
        live = times(visit.pipe.data)[len(past) :]
        assert len(live) > 50
        assert past[-1] <= live[0] and live[-1] < clock.time_ns()
        assert live == sorted(live)


async def test_a_session_without_a_start_gets_nothing_of_the_past() -> None:
    clock = ManualClock(NIGHT)
    visit = Visit(market(clock), clock, start=None)
    async with visit.running(clock):
        await step(clock, 50)
    assert NIGHT <= times(visit.pipe.data)[0]


async def test_each_subscription_has_a_past_of_its_own() -> None:
    clock = ManualClock(NIGHT)
    asked = GatewaySubscription("mbp-1", start=NIGHT - 20 * S), GatewaySubscription("trades")
    visit = Visit(market(clock), clock, *asked, start=None)
    async with visit.running(clock):
        await step(clock, 30)
    first: dict[int, int] = {}
    for record in data_records(visit.pipe.data):
        first.setdefault(record[1], int.from_bytes(record[8:16], "little"))
    assert NIGHT - 20 * S <= first[RTYPE_MBP_1] < NIGHT - 18 * S
    assert first[RTYPE_TRADE] >= NIGHT


async def test_sessions_share_one_market() -> None:
    clock = ManualClock(NIGHT)
    shared = market(clock)
    first, second = Visit(shared, clock), Visit(shared, clock)
    async with first.running(clock):
        await step(clock, 20)
        async with second.running(clock):
            await second.pipe.written(1)
            await step(clock, 1)
            start = len(first.pipe.data), len(second.pipe.data)
            await step(clock, 20)
            assert first.pipe.data[start[0] :] == second.pipe.data[start[1] :] != b""
    trades = [
        [r for r in data_records(v.pipe.data) if r[1] == RTYPE_TRADE] for v in (first, second)
    ]
    assert set(trades[1]) <= set(trades[0]) or trades[0][-1] == trades[1][-1]


async def test_a_market_is_the_same_whoever_looks_and_when() -> None:
    clock = ManualClock(NIGHT)
    visit = Visit(market(clock, history_s=0.0, start_clock=NIGHT - LAG_NS), clock)
    async with visit.running(clock):
        await step(clock, 100)
    expected = run(Simulation(4, NIGHT - LAG_NS), NIGHT - LAG_NS + S)
    assert b"".join(data_records(visit.pipe.data)) == expected


async def test_a_market_that_nobody_looks_at_stands_still_but_keeps_its_past_short() -> None:
    clock = ManualClock(NIGHT)
    shared = market(clock)
    async with Visit(shared, clock).running(clock):
        await step(clock)
    clock.advance(3600 * S)
    late = Visit(shared, clock)
    async with late.running(clock):
        await late.pipe.written(1)
        assert times(late.pipe.data)[0] > NIGHT + 3560 * S
        assert times(late.pipe.data)[-1] > NIGHT + 3599 * S


async def test_mappings_come_first_and_definitions_if_asked() -> None:
    clock = ManualClock(NIGHT)
    visit = Visit(market(clock), clock, GatewaySubscription("definition"), *EVERYTHING)
    mapped = {m.stype_out_symbol for m in visit.told if isinstance(m, SymbolMappingMsg)}
    assert len(mapped) == 12 and {"AAPL", "SPY"} <= mapped
    async with visit.running(clock):
        await visit.pipe.written(2)
    kinds = [record[1] for record in records_of(visit.pipe.data)]
    assert kinds[:12] == [RTYPE_DEFINITION] * 12
    assert set(kinds[12:]) - {RTYPE_SYSTEM} == {RTYPE_TRADE, RTYPE_MBP_1}
    assert visit.feed.metadata().dataset == DATASET


@pytest.mark.parametrize(
    ("stype_in", "symbol"),
    [
        ("raw_symbol", "ESZ6"),
        ("parent", "ES.FUT"),
        ("continuous", "ES.c.0"),
        ("instrument_id", "1001"),
    ],
)
async def test_symbols_of_any_type_select_instruments(stype_in: str, symbol: str) -> None:
    clock = ManualClock(NIGHT)
    wanted = GatewaySubscription("trades", stype_in, (symbol,))
    visit = Visit(market(clock), clock, wanted)
    assert [m.instrument_id for m in visit.told if isinstance(m, SymbolMappingMsg)] == [1001]
    async with visit.running(clock):
        await visit.pipe.written(1)
    records = data_records(visit.pipe.data)
    assert {(r[1], int.from_bytes(r[4:8], "little")) for r in records} == {(RTYPE_TRADE, 1001)}


def test_what_the_market_has_not_is_told() -> None:
    clock = ManualClock(NIGHT)
    codes = [
        [m.code for m in Visit(market(clock), clock, asked).told if isinstance(m, ErrorMsg)]
        for asked in (
            GatewaySubscription("mbo"),
            GatewaySubscription("trades", symbols=("AAPL", "NONE")),
            GatewaySubscription("trades", "isin", ("US0378331005",)),
            GatewaySubscription("trades", start=NIGHT - 3600 * S),
            GatewaySubscription("trades", start=0),
        )
    ]
    assert codes == [
        [ERROR_INVALID_SUBSCRIPTION],
        [ERROR_SYMBOL_RESOLUTION],
        [ERROR_SYMBOL_RESOLUTION],
        [ERROR_REPLAY_AGED_OUT],
        [],
    ]


async def test_a_start_cuts_the_past_and_its_end_is_told() -> None:
    clock = ManualClock(NIGHT)
    visit = Visit(market(clock), clock, GatewaySubscription("trades", start=NIGHT - 10 * S))
    async with visit.running(clock):
        await visit.pipe.written(2)
    assert NIGHT - 10 * S <= times(visit.pipe.data)[0] < NIGHT - 9 * S
    system = [m for m in controls_of(visit.pipe.data) if isinstance(m, SystemMsg)]
    assert [m.code for m in system] == [SYSTEM_REPLAY_COMPLETED]


async def test_late_subscriptions_are_served_from_then_on() -> None:
    clock = ManualClock(NIGHT)
    visit = Visit(
        market(clock, history_s=0.0),
        clock,
        GatewaySubscription("trades", symbols=("AAPL",)),
        start=None,
    )
    async with visit.running(clock):
        await step(clock, 2)
        told = visit.feed.subscribe(GatewaySubscription("definition", symbols=("SPY",)), late=True)
        assert [m.stype_out_symbol for m in told if isinstance(m, SymbolMappingMsg)] == ["SPY"]
        await step(clock, 2)
        (refused,) = visit.feed.subscribe(GatewaySubscription("trades", start=0), late=True)
        assert isinstance(refused, ErrorMsg)
    assert [r[1] for r in records_of(visit.pipe.data)].count(RTYPE_DEFINITION) == 1


async def test_a_slow_client_is_warned_and_gets_everything() -> None:
    clock = ManualClock(NIGHT)
    visit = Visit(market(clock, history_s=0.0), clock, start=None)
    visit.pipe.on_write = visit.outlet.pause
    async with visit.running(clock):
        await step(clock, 30)
        await visit.pipe.written(2)  # what happened first, and the warning
        codes = [m.code for m in controls_of(visit.pipe.data) if isinstance(m, SystemMsg)]
        assert codes == [SYSTEM_SLOW_READER]
        visit.pipe.on_write = lambda: None
        before = len(visit.pipe.writes)
        visit.outlet.resume()
        await visit.pipe.written(before + 1)
        await step(clock)
    sent = np.array(
        [int.from_bytes(record[44:48], "little") for record in data_records(visit.pipe.data)]
    )
    assert np.all(np.diff(sent) == 1), "nothing is missing"


async def test_a_slow_client_that_wants_to_skip_is_told_what_it_missed() -> None:
    clock = ManualClock(NIGHT)
    visit = Visit(market(clock, history_s=0.0), clock, skip=True, start=None)
    visit.pipe.on_write = visit.outlet.pause
    async with visit.running(clock) as task:
        await step(clock, 3)
        await visit.pipe.written(1)
        await asyncio.wait([task], timeout=0.1)  # ten times slow_after_s, of real time
        await step(clock, 30)
        visit.pipe.on_write = lambda: None
        visit.outlet.resume()
        await visit.pipe.written(2)
        await step(clock, 3)
        await visit.pipe.written(3)
    (error,) = controls_of(visit.pipe.data)
    assert isinstance(error, ErrorMsg)
    assert error.code == ERROR_SKIPPED_RECORDS
    sent = [int.from_bytes(record[44:48], "little") for record in data_records(visit.pipe.data)]
    missed = sum(after - before - 1 for before, after in itertools.pairwise(sent))
    assert error.err == f"Skipped {missed} records after slow reading"


async def test_a_client_that_only_waits_is_given_up_in_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(feed_module, "MAX_BACKLOG", 10_000)
    clock = ManualClock(NIGHT)
    visit = Visit(market(clock, history_s=0.0, speed=100.0), clock, start=None)
    visit.pipe.on_write = visit.outlet.pause
    async with visit.running(clock) as task:
        await step(clock)
        clock.advance(STEP_NS)
        async with asyncio.timeout(TIMEOUT_S):
            with pytest.raises(ReaderTooSlowError):
                await task


def test_trades_as_mbp_1_bear_the_book_that_they_met() -> None:
    simulation = Simulation(1, NIGHT)
    widener = Widener(simulation.listings)
    book: dict[bytes, bytes] = {}
    trades = 0
    for until in range(NIGHT, NIGHT + 5 * S, S // 10):
        for batch in simulation.advance(until):
            expected = []
            for record in data_records(batch.tobytes()):
                if record[1] == RTYPE_MBP_1:
                    book[record[4:8]] = record[48:]
                    expected.append(record)
                else:
                    trades += 1
                    levels = book.get(record[4:8], UNDEF_LEVELS)
                    expected.append(bytes((20, RTYPE_MBP_1)) + record[2:] + levels)
            assert widener.widened(survey_chunk(batch)).data.tobytes() == b"".join(expected)
    assert trades > 100


async def test_a_trade_comes_once_as_a_trade_or_else_as_mbp_1() -> None:
    clock = ManualClock(NIGHT)
    shared = market(clock)
    got = []
    for asked in (EVERYTHING, EVERYTHING[1:], EVERYTHING[:1]):
        visit = Visit(shared, clock, *asked)
        async with visit.running(clock):
            await step(clock, 30)
        records = data_records(visit.pipe.data)
        got.append({(r[1], r[28] == ACTION_TRADE) for r in records})
    assert got == [
        {(RTYPE_TRADE, True), (RTYPE_MBP_1, False)},
        {(RTYPE_MBP_1, True), (RTYPE_MBP_1, False)},
        {(RTYPE_TRADE, True)},
    ]


def test_the_past_keeps_every_trade_and_one_quote_a_second() -> None:
    history = History(60 * S)
    simulation = Simulation(1, NIGHT)
    made = b""
    for second in range(1, 11):
        for batch in simulation.advance(NIGHT + second * S):
            made += batch.tobytes()
            history.add(survey_chunk(batch))
    (kept,) = history.segments()
    records = [kept.record(i) for i in range(len(kept))]
    assert [r for r in records if r[1] == RTYPE_TRADE] == [
        r for r in data_records(made) if r[1] == RTYPE_TRADE
    ]
    quotes = [
        (int.from_bytes(r[8:16], "little") // S, r[4:8]) for r in records if r[1] == RTYPE_MBP_1
    ]
    thinned = [quote for quote in quotes if quote[0] < NIGHT // S + 9]
    assert len(thinned) == len(set(thinned)) > 50
    last_of = {
        (int.from_bytes(r[8:16], "little") // S, r[4:8]): r
        for r in data_records(made)
        if r[1] == RTYPE_MBP_1
    }
    assert {last_of[quote] for quote in thinned} <= set(records)


def test_the_past_ends_somewhere() -> None:
    history = History(5 * S)
    simulation = Simulation(1, NIGHT)
    for second in range(1, 21):
        for batch in simulation.advance(NIGHT + second * S):
            history.add(survey_chunk(batch))
    (kept,) = history.segments()
    assert NIGHT + 13 * S < int(kept.clocks[0])
    history.clear()
    assert history.segments() == []
