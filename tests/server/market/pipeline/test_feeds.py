"""The state of each feed from beats; times are given, not waited for."""

from __future__ import annotations

from tickfire.base.units import NS_PER_S
from tickfire.server.market.pipeline.feeds import feed_rows
from tickfire.server.market.pipeline.processes import DOWN_NS, Processes, State
from tickfire.server.market.pipeline.report import Report, Streams, Worker
from tickfire.store.schema import (
    FEED_DOWN,
    FEED_STALE,
    FEED_UP,
    Beat,
    FeedState,
    ingest_process,
    standby_process,
)

NOW = 1_700_000_000 * NS_PER_S
UP: tuple[State, int] = ("up", NOW)
REDIS_DOWN: tuple[State, int] = ("down", NOW)


def beat(feed: int, state: str, name: str = "GLBX.MDP3", records: int = 0) -> Beat:
    about = FeedState(state != FEED_DOWN, NOW - NS_PER_S, name, feed, state)
    figures = {"position": float(records), "records": float(records)}
    return Beat(ingest_process(feed), 7 + feed, NOW - 60 * NS_PER_S, NOW, figures, about)


def heard(*beats: Beat) -> Processes:
    processes = Processes()
    processes.hear(beats, NOW)
    return processes


def test_each_feed_has_a_state_of_its_own() -> None:
    processes = heard(beat(2, FEED_STALE, "quiet"), beat(1, FEED_UP), beat(3, FEED_DOWN, "refused"))
    rows = feed_rows(processes, UP, NOW)
    assert [(row.number, row.state) for row in rows] == [(1, "up"), (2, "stale"), (3, "down")]
    assert rows[2].detail == "refused" and rows[2].since == NOW - NS_PER_S


def test_a_feed_whose_ingest_is_silent_is_down_and_unknown_without_redis() -> None:
    processes = heard(beat(1, FEED_UP))
    (row,) = feed_rows(processes, UP, NOW + DOWN_NS)
    assert (row.state, row.detail) == ("down", "its ingest does not run")
    (row,) = feed_rows(processes, REDIS_DOWN, NOW + DOWN_NS)
    assert (row.state, row.detail) == ("unknown", "Redis is out of reach")


def test_standbys_are_counted_by_feed_while_they_live() -> None:
    waiting = [Beat(standby_process("1", pid), pid, NOW, NOW) for pid in (40, 41)]
    processes = heard(beat(1, FEED_UP), beat(11, FEED_UP), *waiting)
    assert [row.standbys for row in feed_rows(processes, UP, NOW)] == [2, 0]
    assert [row.standbys for row in feed_rows(processes, UP, NOW + DOWN_NS)] == [0, 0]


def test_the_gaps_of_a_feed_are_told_when_its_ingest_is_silent_too() -> None:
    told = beat(1, FEED_UP)
    told.figures["gaps"] = 3.0
    processes = heard(told, beat(2, FEED_UP))
    for now in (NOW, NOW + DOWN_NS):
        assert [row.as_json()["gaps"] for row in feed_rows(processes, UP, now)] == [3, 0]


def test_the_pipeline_joins_feeds_and_shows_the_gravest_state() -> None:
    processes = heard(beat(1, FEED_UP, "A", 30), beat(2, FEED_STALE, "B is quiet", 12))
    report = Report(processes, Streams(NOW, NOW, 42))
    rates = {"ticks": 0.0, "frames": 0.0, "bytes": 0.0}
    rows = {row.name: row for row in report.rows(Worker(NOW, 42, 1, 0, rates, None), NOW)}
    assert (rows["feed"].state, rows["feed"].detail) == ("late", "A; B is quiet")
    assert rows["ingest"].state == "up" and rows["ingest"].figures["records"] == 42
