"""Reports of the simulated market: halts, statistics and auctions."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.dbn import decoded_by_databento
from tests.support.gateway import ManualClock, S, data_records
from tests.support.simulation import NOON, Visit, market, run, step
from tickfire.ingest.dbn.layout import (
    RTYPE_IMBALANCE,
    RTYPE_STATISTICS,
    RTYPE_STATUS,
    RTYPE_TRADE,
)
from tickfire.ingest.dbn.metadata import Metadata
from tickfire.ingest.dbn.records import field_offsets
from tickfire.ingest.dbn.reports import decode_report_record
from tickfire.ingest.gateway.market.halts import LONGEST_S, SHORTEST_S, SPAN_S, Halt, Halts
from tickfire.ingest.gateway.market.reports.reporter import Reporter
from tickfire.ingest.gateway.market.simulation import Simulation
from tickfire.ingest.gateway.market.universe import STOCK, listings
from tickfire.ingest.gateway.segment import survey_chunk
from tickfire.ingest.lsg.requests import GatewaySubscription
from tickfire.store.reports import Imbalance, Report, Statistic, TradingStatus

REPORTS = (RTYPE_STATISTICS, RTYPE_STATUS, RTYPE_IMBALANCE)
DAY = 86_400 * S
STOCKS = {row.instrument_id for row in listings(12, 5, NOON) if row.kind.instrument_class == STOCK}
BEFORE_MIDNIGHT = NOON // DAY * DAY + DAY - 2 * S


def records_of(simulation: Simulation, begin: int, end: int, seed: int = 5) -> Iterator[bytes]:
    """Yield the records of a market and its reports, a second at a time."""
    reporter = Reporter(simulation.listings, simulation.halts, seed)
    for second in range(begin, end, S):
        yield from data_records(reporter.told_at(second, simulation.received).tobytes())
        for data in simulation.advance(second + S):
            yield from data_records(data.tobytes())
            yield from data_records(reporter.after_trades(survey_chunk(data)).tobytes())


def reports_of(records: list[bytes]) -> list[Report]:
    decoded = [decode_report_record(record, 1) for record in records]
    return [report for report in decoded if report is not None]


def market_with_a_halted_stock() -> tuple[Simulation, Halt]:
    """Return a market of which the first halt is that of a stock, and the halt."""
    for seed in itertools.count():
        simulation = Simulation(seed, NOON)
        halt = simulation.halts.at(simulation.halts.next_change(NOON))
        assert halt is not None
        if simulation.listings[halt.row].kind.instrument_class == STOCK:
            return simulation, halt
    raise AssertionError("no market halts a stock")


@pytest.fixture(scope="module")
def quarter() -> list[bytes]:
    """Sixteen minutes of a market, around an auction."""
    return list(records_of(Simulation(5, NOON), NOON, NOON + 960 * S))


def test_databento_reads_every_report(quarter: list[bytes]) -> None:
    reports = [record for record in quarter if record[1] in REPORTS]
    _, *read = decoded_by_databento(Metadata("TEST").encode() + b"".join(reports))
    assert list(map(bytes, read)) == reports
    assert {type(record).__name__ for record in read} == {"StatMsg", "StatusMsg", "ImbalanceMsg"}


def test_times_never_fall(quarter: list[bytes]) -> None:
    offsets = field_offsets("ts_recv").tolist()
    received = [
        int.from_bytes(record[(at := offsets[record[1]]) : at + 8], "little") for record in quarter
    ]
    assert received == sorted(received)


def test_a_session_begins_with_figures_of_the_day_before(quarter: list[bytes]) -> None:
    first = reports_of(quarter[:60])
    settled = {r.instrument_id: r for r in first if getattr(r, "name", "") == "settlement_price"}
    closed = {r.instrument_id for r in first if getattr(r, "name", "") == "close_price"}
    assert closed == STOCKS and not closed & set(settled) and len(closed) + len(settled) == 12
    for report in settled.values():
        assert isinstance(report, Statistic)
        assert report.flags == 1 and report.reference == NOON // DAY * DAY - DAY
    interest = [r for r in first if getattr(r, "name", "") == "open_interest"]
    assert {r.instrument_id for r in interest} == set(settled)
    assert all(isinstance(r, Statistic) and (r.quantity or 0) > 100_000 for r in interest)
    assert {r.status for r in first if isinstance(r, TradingStatus)} == {"trading"}


def test_open_high_and_low_are_those_of_the_trades(quarter: list[bytes]) -> None:
    prices: dict[int, list[int]] = {}
    for record in quarter:
        if record[1] == RTYPE_TRADE:
            number = int.from_bytes(record[4:8], "little")
            prices.setdefault(number, []).append(int.from_bytes(record[16:24], "little"))
    last = {
        (report.instrument_id, report.name): report.price
        for report in reports_of(quarter)
        if isinstance(report, Statistic)
    }
    for number, traded in prices.items():
        assert last[number, "opening_price"] == traded[0]
        assert last[number, "trading_session_high_price"] == max(traded)
        assert last[number, "trading_session_low_price"] == min(traded)


def test_a_new_day_has_figures_of_its_own() -> None:
    made = list(
        records_of(Simulation(5, BEFORE_MIDNIGHT), BEFORE_MIDNIGHT, BEFORE_MIDNIGHT + 12 * S)
    )
    traded: dict[int, int] = {}
    settled: dict[int, list[int | None]] = {}
    opened: dict[int, int] = {}
    for record in made:
        if record[1] == RTYPE_TRADE:
            price = int.from_bytes(record[16:24], "little")
            traded[int.from_bytes(record[4:8], "little")] = price
        for report in reports_of([record]):
            if isinstance(report, Statistic) and report.name == "settlement_price":
                settled.setdefault(report.instrument_id, []).append(report.price)
                if len(settled[report.instrument_id]) == 2:
                    assert report.price == traded[report.instrument_id]
            if isinstance(report, Statistic) and report.name == "opening_price":
                opened[report.instrument_id] = opened.get(report.instrument_id, 0) + 1
    assert settled and all(len(prices) == 2 for prices in settled.values())
    assert max(opened.values()) == 2


def test_an_auction_of_the_stocks_is_told_of_until_it_takes_place(quarter: list[bytes]) -> None:
    told = [report for report in reports_of(quarter) if isinstance(report, Imbalance)]
    due = NOON + 900 * S
    assert {r.instrument_id for r in told} == STOCKS
    for number in STOCKS:
        own = [r for r in told if r.instrument_id == number and r.auction == "I"]
        assert [r.ts_event for r in own] == list(range(due - 120 * S, due, 5 * S))
        assert all(r.auction_time == due and r.side in "ABN" for r in own)
        assert all((r.paired or 0) > 0 and r.reference_price for r in own)
        assert (own[-1].paired or 0) > (own[0].paired or 0)


@given(st.integers(0, 2**32), st.integers(1, 40), st.integers(0, 20))
def test_each_span_has_one_halt_which_ends_within_it(seed: int, count: int, span: int) -> None:
    listed = listings(count, seed, NOON)
    halts = Halts(seed, NOON, listed)
    begin = NOON + span * SPAN_S * S
    bounds = [begin]
    while bounds[-1] < begin + SPAN_S * S:
        bounds.append(halts.next_change(bounds[-1]))
    assert bounds[-1] == begin + SPAN_S * S and len(bounds) == 4
    before, halt, after = (halts.at(bound) for bound in bounds[:3])
    assert before is None and after is None and halt is not None
    assert (halt.begin, halt.end) == (bounds[1], bounds[2])
    assert SHORTEST_S * S <= halt.end - halt.begin <= LONGEST_S * S
    assert halts.at(halt.end - 1) == halt == Halts(seed, NOON, listed).at(halt.begin)


def test_a_halted_instrument_is_not_traded_and_a_stock_reopens_by_an_auction() -> None:
    simulation, halt = market_with_a_halted_stock()
    listing = simulation.listings[halt.row]
    simulation.skip_to(halt.begin - 5 * S)
    records = list(records_of(simulation, halt.begin - 5 * S, halt.end + 5 * S))
    own = [r for r in records if int.from_bytes(r[4:8], "little") == listing.instrument_id]
    statuses = [r for r in reports_of(own) if isinstance(r, TradingStatus)]
    assert [r.status for r in statuses] == ["trading", halt.status, "trading"]
    assert [r.ts_event for r in statuses[1:]] == [halt.begin, halt.end]
    assert statuses[1].reason == halt.reason and statuses[1].is_trading is False
    during = [
        record[1]
        for record in own
        if halt.begin <= int.from_bytes(record[8:16], "little") < halt.end
    ]
    assert set(during) == {RTYPE_STATUS, RTYPE_IMBALANCE}
    auctions = [r for r in reports_of(own) if isinstance(r, Imbalance) and r.auction == "H"]
    assert auctions and {r.auction_time for r in auctions} == {halt.end}
    others = [r for r in records if int.from_bytes(r[4:8], "little") != listing.instrument_id]
    assert any(
        halt.begin <= int.from_bytes(r[8:16], "little") < halt.end and r[1] == RTYPE_TRADE
        for r in others
    )


def test_the_market_goes_on_as_it_would_after_a_halt_however_time_is_cut() -> None:
    whole, cut = Simulation(3, NOON), Simulation(3, NOON)
    begin = whole.halts.next_change(NOON)
    for simulation in (whole, cut):
        simulation.skip_to(begin - S)
    parts = b"".join(run(cut, begin - S + until) for until in range(S // 3, 90 * S, S // 3))
    assert parts == run(whole, begin - S + list(range(S // 3, 90 * S, S // 3))[-1])


async def test_a_session_that_joins_late_gets_the_present_figures_and_statuses() -> None:
    clock = ManualClock(NOON)
    shared = market(clock)
    asked = [GatewaySubscription(schema) for schema in ("statistics", "status", "imbalance")]
    async with Visit(shared, clock).running(clock):
        await step(clock, 20)
        late = Visit(shared, clock, *asked, start=None)
        async with late.running(clock):
            await late.pipe.written(1)
            told = reports_of(data_records(late.pipe.data))
    names = {report.name for report in told if isinstance(report, Statistic)}
    assert names >= {"settlement_price", "open_interest", "opening_price", "close_price"}
    assert len({r.instrument_id for r in told if isinstance(r, TradingStatus)}) == 12
    assert {report.ts_event for report in told} == {clock.time_ns()}
