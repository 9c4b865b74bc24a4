"""The state of a feed, from the times at which it was heard."""

from __future__ import annotations

from tickfire.base.units import NS_PER_S
from tickfire.ingest.writer.feed_watch import FeedWatch

S = NS_PER_S
START = 1_700_000_000 * S
STALE = 60 * S


class Market:
    """A market that is open until it is said to be closed."""

    is_open = True

    def __call__(self, dataset: str, now: int) -> bool:
        return self.is_open


def watched(market: Market | None = None, *, has_heartbeats: bool = True) -> FeedWatch:
    watch = FeedWatch(1, START - S, STALE, market or Market())
    watch.connect("GLBX.MDP3", START, has_heartbeats=has_heartbeats, replays=False)
    return watch


def state(watch: FeedWatch, now: int) -> tuple[str, int]:
    found = watch.look(now)
    return found.state, found.since


def test_a_feed_is_down_until_it_is_connected_and_after_it_is_lost() -> None:
    watch = FeedWatch(1, START - S, STALE, Market())
    assert state(watch, START) == ("down", START - S)
    watch.connect("GLBX.MDP3", START, has_heartbeats=True, replays=False)
    assert state(watch, START + S) == ("up", START)
    watch.lose("the gateway closed the connection", START + 2 * S)
    watch.lose("cannot connect", START + 3 * S)
    found = watch.look(START + 4 * S)
    assert (found.state, found.since, found.name) == ("down", START + 2 * S, "cannot connect")


def test_heartbeats_alone_make_a_feed_stale_since_its_last_data() -> None:
    watch = watched()
    watch.take(START + S)
    for second in range(2, 62, 10):
        watch.hear(START + second * S)
    assert state(watch, START + 61 * S) == ("up", START)
    watch.hear(START + 62 * S)
    assert state(watch, START + 62 * S) == ("stale", START + S)
    assert "nothing but heartbeats" in watch.look(START + 62 * S).name
    watch.take(START + 63 * S)
    assert state(watch, START + 63 * S) == ("up", START + 63 * S)


def test_a_feed_without_heartbeats_is_stale_after_seconds() -> None:
    watch = watched()
    watch.take(START + S)
    assert state(watch, START + 20 * S) == ("stale", START + S)
    assert "not even heartbeats" in watch.look(START + 20 * S).name


def test_a_source_that_sends_no_heartbeats_is_judged_by_its_data_alone() -> None:
    watch = watched(has_heartbeats=False)
    watch.take(START)
    assert state(watch, START + 50 * S)[0] == "up"
    assert state(watch, START + 61 * S)[0] == "stale"


def test_a_closed_market_is_not_stale_and_has_its_time_when_it_opens() -> None:
    market = Market()
    watch = watched(market)
    market.is_open = False
    now = START + 3600 * S
    watch.hear(now)
    assert state(watch, now)[0] == "up"
    market.is_open = True
    watch.hear(now + 59 * S)
    assert state(watch, now + 59 * S)[0] == "up"
    watch.hear(now + 61 * S)
    assert state(watch, now + 61 * S)[0] == "stale"


def test_a_session_that_is_held_is_not_stale() -> None:
    watch = watched()
    for second in range(0, 200, 5):
        watch.hold(START + second * S)
        assert state(watch, START + second * S)[0] == "up"


def test_a_feed_that_has_ended_says_so() -> None:
    watch = watched(has_heartbeats=False)
    assert not watch.look(START).ended
    watch.finish("day.dbn is read to its end", START + S)
    found = watch.look(START + S)
    assert (found.state, found.name, found.ended) == ("down", "day.dbn is read to its end", True)


def test_heartbeats_and_data_alike_are_signs_of_life() -> None:
    watch = watched()
    assert watch.look(START).heard == START
    watch.hear(START + S)
    assert watch.look(START + S).heard == START + S
    watch.take(START + 2 * S)
    assert watch.look(START + 2 * S).heard == START + 2 * S
    assert watched(has_heartbeats=False).look(START).heard == 0


def replaying() -> FeedWatch:
    """Return a feed whose source sends what it has of the past."""
    watch = FeedWatch(1, START - S, STALE, Market())
    assert not watch.look(START - S).caught_up
    watch.connect("GLBX.MDP3", START, has_heartbeats=True, replays=True)
    for half in range(20):
        watch.take(START + half * S // 2)
        assert not watch.look(START + half * S // 2).caught_up
    return watch


def test_a_feed_has_caught_up_once_its_source_says_so() -> None:
    watch = replaying()
    watch.catch_up()
    assert watch.look(START + 10 * S).caught_up


def test_a_feed_has_caught_up_once_its_source_falls_quiet_by_itself() -> None:
    watch = replaying()
    watch.hold(START + 20 * S)
    assert not watch.look(START + 22 * S).caught_up
    watch.hear(START + 23 * S)
    assert watch.look(START + 24 * S).caught_up


def test_a_session_of_the_present_needs_no_catching_up_and_the_next_may() -> None:
    watch = watched()
    assert watch.look(START).caught_up
    watch.lose("the gateway closed the connection", START + S)
    assert watch.look(START + S).caught_up
    watch.connect("GLBX.MDP3", START + 2 * S, has_heartbeats=True, replays=True)
    assert not watch.look(START + 2 * S).caught_up
