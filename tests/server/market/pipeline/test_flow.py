"""Feeds that do not flow, from beats, trading hours and halts; times are given, not waited for."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tickfire.base.calendar.hours import ALWAYS, NAMED, TradingHours
from tickfire.base.units import NS_PER_S
from tickfire.server.market.pipeline.expected import expects_data
from tickfire.server.market.pipeline.flow import GONE_NS, Flow
from tickfire.server.market.pipeline.processes import Processes
from tickfire.server.market.ticks.source import Listing
from tickfire.store.reports import TradingStatus
from tickfire.store.schema import (
    FEED_DOWN,
    FEED_UP,
    LIVE,
    REPLAY,
    SIMULATED,
    Beat,
    FeedState,
    Instrument,
    Stream,
    ingest_process,
)

S = NS_PER_S
NOW = 1_700_000_000 * S
"""A Tuesday, 22:13:20 UTC: CME is in its daily break from 22:00 to 23:00."""
HOUR = 3600 * S
STALE = 60 * S


class Feed:
    """A feed whose ingest beats until `beat`, and its judge."""

    def __init__(
        self, origin: str | None = LIVE, stale_ns: int = STALE, open_: bool = True
    ) -> None:
        self.processes = Processes()
        self._flow = Flow(
            self.processes, stale_ns, lambda feed: origin, lambda feed, since, now: open_
        )

    def beat(self, now: int = NOW, ahead: int = 0, **state: Any) -> None:
        """Take a beat of an ingest whose clock is ahead."""
        told: dict[str, Any] = {"connected": True, "since": now - HOUR, "state": FEED_UP} | state
        moved = {name: told[name] + ahead for name in ("since", "data", "heard") if told.get(name)}
        about = FeedState(**(told | moved))
        beat = Beat(ingest_process(1), 7, now - HOUR, now + ahead, {}, about)
        self.processes.hear([beat], now)

    def fault(self, now: int = NOW) -> str | None:
        return self._flow.faults(now).get(1)

    def silence(self, now: int = NOW) -> int:
        return self._flow.silences(now)[1]


def test_a_feed_that_brings_data_flows() -> None:
    feed = Feed()
    feed.beat(data=NOW - S)
    assert feed.fault() is None
    assert feed.silence() == S


def test_a_feed_that_was_never_heard_has_no_fault() -> None:
    assert Feed()._flow.faults(NOW) == {}


@pytest.mark.parametrize("origin", [LIVE, SIMULATED, None])
def test_a_silent_feed_is_faulty_beyond_the_setting(origin: str | None) -> None:
    feed = Feed(origin)
    feed.beat(data=NOW - STALE)
    assert feed.fault() is None
    feed.beat(NOW + S, data=NOW - STALE)
    assert feed.fault(NOW + S) == "feed 1 has brought no data since 2023-11-14T22:12:20Z"


def test_a_new_session_has_its_time() -> None:
    feed = Feed()
    feed.beat(data=NOW - HOUR, since=NOW - S)
    assert feed.fault() is None


@pytest.mark.parametrize("state", [{"data": NOW - HOUR}, {"connected": False, "state": FEED_DOWN}])
def test_a_closed_market_needs_no_data_and_no_session(state: dict[str, Any]) -> None:
    feed = Feed(open_=False)
    feed.beat(**state)
    assert feed.fault() is None
    feed = Feed(open_=True)
    feed.beat(**state)
    assert feed.fault() is not None


def test_a_recording_is_judged_by_its_heartbeats_alone() -> None:
    feed = Feed(REPLAY)
    feed.beat(data=NOW - 2 * HOUR, heard=NOW - S)
    assert feed.fault() is None
    feed.beat(NOW + 1, data=NOW - 2 * HOUR, heard=NOW - STALE - S)
    assert feed.fault(NOW + 1) == "feed 1 has sent no heartbeat since 2023-11-14T22:12:19Z"
    feed.beat(NOW + 2, data=NOW - 2 * HOUR)  # a source without heartbeats
    assert feed.fault(NOW + 2) is None


def test_heartbeats_may_be_rarer_than_the_setting() -> None:
    feed = Feed(REPLAY, stale_ns=2 * S)
    feed.beat(data=NOW, heard=NOW - 10 * S)
    assert feed.fault() is None


@pytest.mark.parametrize("origin", [LIVE, REPLAY])
def test_a_feed_without_a_session_is_faulty_beyond_the_setting(origin: str) -> None:
    feed = Feed(origin)
    down: dict[str, Any] = {"connected": False, "state": FEED_DOWN, "name": "the gateway closed"}
    feed.beat(since=NOW - STALE, **down)
    assert feed.fault() is None
    feed.beat(NOW + S, since=NOW - STALE, **down)
    assert feed.fault(NOW + S) == "feed 1 is down since 2023-11-14T22:12:20Z: the gateway closed"


@pytest.mark.parametrize("origin", [LIVE, REPLAY])
def test_an_ingest_that_is_gone_is_a_fault_until_another_beats(origin: str) -> None:
    feed = Feed(origin)
    feed.beat(data=NOW, heard=NOW)
    assert feed.fault(NOW + GONE_NS - 1) is None
    later = NOW + GONE_NS
    assert feed.fault(later) == "feed 1 has had no ingest since 2023-11-14T22:13:20Z"
    feed.processes.listen_again(later)  # Redis was out of reach, so that nobody could be heard
    assert feed.fault(later) is None
    feed.beat(later, data=later, heard=later)
    assert feed.fault(later) is None


def test_a_feed_that_was_read_to_its_end_needs_no_ingest() -> None:
    feed = Feed(REPLAY)
    feed.beat(connected=False, state=FEED_DOWN, ended=True)
    assert feed.fault(NOW + HOUR) is None


def test_zero_asks_nothing_of_the_feeds() -> None:
    feed = Feed(stale_ns=0)
    feed.beat(data=NOW - HOUR)
    assert feed.fault(NOW + HOUR) is None


@given(ahead=st.integers(-HOUR, HOUR), silence=st.integers(0, 10 * STALE))
def test_the_clock_of_ingest_does_not_matter(ahead: int, silence: int) -> None:
    feed = Feed()
    feed.beat(NOW - S, ahead, data=NOW - S)
    feed.beat(NOW, ahead, data=NOW - silence)
    assert feed.silence() == silence
    assert (feed.fault() is not None) == (silence > STALE)


# --- hours and halts
def listing(instrument: int, hours: TradingHours, feed: int = 1) -> Listing:
    about = Instrument(feed, instrument, f"S{instrument}", 1)
    return Listing(instrument, Stream(feed, 0), about.symbol, about, hours)


def trading_status(name: str, received: int) -> TradingStatus:
    traded = name == "trading"
    return TradingStatus(1, 1, name, "none", "none", traded, True, None, NOW, received)


CME = TradingHours.parse(NAMED["cme"])


@pytest.mark.parametrize(
    ("hours", "now", "expected"),
    [
        (ALWAYS, NOW, True),
        (ALWAYS, NOW - NOW % (24 * HOUR) + S, True),  # just after midnight
        (CME, NOW, False),
        (CME, NOW - HOUR, True),  # 21:13:20 UTC, before the break
        (CME, NOW + HOUR, True),  # 23:13:20 UTC, after it
        (CME, NOW - NOW % HOUR + HOUR + 30 * S, False),  # open, but not for long enough
        (CME, NOW + 96 * HOUR, False),  # a Saturday
    ],
)
def test_data_is_expected_while_the_market_has_been_open(
    hours: TradingHours, now: int, expected: bool
) -> None:
    listings = [listing(1, hours)]
    assert expects_data(listings, lambda *_: None, 1, now - STALE, now) is expected
    both = [*listings, listing(2, ALWAYS)]
    assert expects_data(both, lambda *_: None, 1, now - STALE, now) is True


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (None, True),
        (trading_status("trading", NOW - HOUR), True),
        (trading_status("trading", NOW - S), False),  # it has just begun again
        (trading_status("halt", NOW - HOUR), False),
        (trading_status("close", NOW - HOUR), False),
    ],
)
def test_no_data_is_expected_of_a_halted_instrument(
    status: TradingStatus | None, expected: bool
) -> None:
    listings = [listing(1, ALWAYS)]
    assert expects_data(listings, lambda *_: status, 1, NOW - STALE, NOW) is expected


def test_a_feed_without_instruments_is_expected_to_bring_some() -> None:
    assert expects_data([listing(1, CME, feed=2)], lambda *_: None, 1, NOW - STALE, NOW)
