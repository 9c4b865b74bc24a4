"""The states, rates and backlogs that beats lead to; times are given, not waited for."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tickfire.base.units import NS_PER_MS, NS_PER_S
from tickfire.server.market.pipeline.processes import DOWN_NS, LATE_NS, Processes
from tickfire.server.market.pipeline.report import Report, Row, Streams, Worker
from tickfire.store.schema import Beat, FeedState

START = 1_700_000_000 * NS_PER_S
BEAT_NS = 250 * NS_PER_MS


class Scene:
    """A pipeline whose ingest writes 1,000 ticks a second."""

    def __init__(self) -> None:
        self.now = START
        self.processes, self.streams = Processes(), Streams(START, START)
        self.report = Report(self.processes, self.streams)
        self.feed = FeedState(True, START, "GLBX.MDP3")
        self.pid = 7
        self.position = 0
        self.newest: tuple[int, int] | None = None

    def run(self, beats: int, ingest: bool = True, redis: bool = True) -> None:
        for _ in range(beats):
            self.now += BEAT_NS
            if redis:
                if self.streams.state(self.now)[0] != "up":
                    self.streams.up_since = self.now
                    self.processes.listen_again(self.now)
                self.streams.answered = self.now
            if ingest and redis:
                self.position += 250
                self.streams.written = self.position
                self.newest = self.now - 1000, self.now
                figures: dict[str, float] = {"position": self.position, "records": self.position}
                beat = Beat("ingest:1", self.pid, START, self.now, figures, self.feed)
                self.processes.hear([beat], self.now)
            self.rows()

    def rows(self, behind: int = 0) -> dict[str, Row]:
        rates = {"ticks": 1000.0, "frames": 10.0, "bytes": 1e6}
        worker = Worker(START, self.position - behind, 3, 0, rates, self.newest)
        return {row.name: row for row in self.report.rows(worker, self.now)}


def test_a_pipeline_that_runs_is_up_with_its_rates_and_no_backlog() -> None:
    scene = Scene()
    scene.run(20)
    rows = scene.rows()
    assert list(rows) == ["feed", "ingest", "redis", "server"]
    assert {row.state for row in rows.values()} == {"up"}
    assert rows["ingest"].rate == rows["feed"].rate == 1000
    assert {row.backlog for row in rows.values()} == {0}
    assert rows["feed"].detail == "GLBX.MDP3"


def test_ticks_that_were_not_read_yet_are_the_backlog_of_redis() -> None:
    scene = Scene()
    scene.run(20)
    row = scene.rows(behind=40)["redis"]
    assert (row.backlog, row.estimated) == (40, False)


def test_a_silent_ingest_is_late_then_down_and_its_backlog_grows_until_it_is_back() -> None:
    scene = Scene()
    scene.run(20)
    died = scene.now
    scene.run(4, ingest=False)
    assert (scene.rows()["ingest"].state, scene.rows()["ingest"].since) == ("late", died)
    backlogs = []
    for _ in range(8):
        scene.run(2, ingest=False)
        rows = scene.rows()
        backlogs.append(rows["feed"].backlog)
        assert (rows["ingest"].state, rows["ingest"].since) == ("down", died)
        assert (rows["feed"].state, rows["feed"].estimated) == ("unknown", True)
        assert rows["redis"].state == rows["server"].state == "up"
    assert backlogs == sorted(set(backlogs)) and backlogs[-1] == 5000
    scene.pid += 1
    scene.run(1)
    scene.newest = scene.now - 3 * NS_PER_S, scene.now  # the feed makes up for five seconds
    rows = scene.rows()
    assert rows["ingest"].state == "up" and rows["feed"].backlog == 3000
    scene.run(1)
    assert scene.rows()["feed"].backlog == 0


def test_while_redis_is_down_nobody_can_be_heard_and_the_writes_of_ingest_wait() -> None:
    scene = Scene()
    scene.run(20)
    answered = scene.now
    scene.run(12, redis=False)
    rows = scene.rows()
    assert (rows["redis"].state, rows["redis"].since) == ("down", answered)
    assert (rows["ingest"].state, rows["feed"].state) == ("unknown", "unknown")
    assert (rows["ingest"].backlog, rows["ingest"].estimated) == (3000, True)
    scene.run(1, ingest=False)
    rows = scene.rows()
    assert (rows["redis"].state, rows["redis"].since) == ("up", scene.now)
    assert rows["ingest"].state == "up"  # a beat has a moment to arrive
    scene.run(1)
    assert scene.rows()["ingest"].backlog == 0


def test_a_lost_feed_is_down_with_the_reason() -> None:
    scene = Scene()
    scene.run(20)
    lost = scene.now
    scene.feed = FeedState(False, lost, "the gateway closed the connection")
    scene.run(1)
    row = scene.rows()["feed"]
    assert (row.state, row.since) == ("down", lost)
    assert row.detail == "the gateway closed the connection"


def test_a_recording_is_never_behind() -> None:
    scene = Scene()
    scene.run(20)
    scene.newest = START - 10**8 * NS_PER_S, scene.now
    assert scene.rows()["feed"].backlog == 0


def test_a_process_is_not_heard_from_yesterday() -> None:
    scene = Scene()
    scene.run(1)
    beat = Beat("news", 1, 0, scene.now - 25 * 3600 * NS_PER_S)
    scene.processes.hear([beat], scene.now)
    assert "news" not in scene.rows()
    scene.processes.hear([replace_at(beat, scene.now - 3600 * NS_PER_S)], scene.now)
    assert scene.rows()["news"].state == "down"


def replace_at(beat: Beat, at: int) -> Beat:
    return Beat(beat.process, beat.pid, beat.started, at, beat.figures)


@given(st.integers(0, 4 * DOWN_NS), st.integers(-3600, 3600))
def test_the_age_of_a_beat_counts_by_the_clock_that_saw_it(age: int, skew_s: int) -> None:
    processes = Processes()
    skew = skew_s * NS_PER_S
    first = Beat("infer", 1, START, START + skew)
    processes.hear([first], START)
    processes.hear([replace_at(first, START + skew + BEAT_NS)], START + BEAT_NS)
    (process,) = processes
    state, _ = processes.state(process, START + BEAT_NS + age)
    assert state == ("up" if age < LATE_NS else "late" if age < DOWN_NS else "down")
