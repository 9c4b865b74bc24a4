"""`Outage`: one line when Redis is out of reach, and one when it answers again."""

from __future__ import annotations

import logging

import pytest
import redis.exceptions as of_redis_py
from hypothesis import given
from hypothesis import strategies as st

from tickfire.store.errors import is_move, is_outage
from tickfire.store.outage import ABANDONED_S, SETTLED_S, Outage
from tickfire.store.resp import RespError


class Clock:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def outage(clock: Clock, caplog: pytest.LogCaptureFixture) -> Outage:
    caplog.set_level(logging.INFO)
    return Outage("redis://a", clock)


def test_it_is_told_once_and_its_end_once_all_parts_are_answered(
    outage: Outage, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    for part in ("a", "b", "a", "b"):
        outage.begin(part, ConnectionRefusedError("refused"), silent_s=20)
        clock.now += 1
    outage.end("a")
    clock.now += SETTLED_S + 0.1
    outage.settle()
    assert caplog.messages == [
        "Redis at redis://a is out of reach since 2023-11-14T22:13:00Z (refused); trying until it"
        " answers"
    ]
    outage.end("b")
    outage.settle()
    outage.begin("a", TimeoutError())  # within the same outage
    outage.end("a")
    clock.now += SETTLED_S + 0.1
    outage.settle()
    assert caplog.messages[1:] == ["Redis at redis://a answers again, after 25.1 s"]
    outage.settle()
    assert len(caplog.messages) == 2 and outage.since is None


def test_a_failure_that_nobody_meets_again_ends(outage: Outage, clock: Clock) -> None:
    outage.begin("a", None)
    clock.now += ABANDONED_S + 0.1
    outage.settle()
    assert outage.since is None


def test_a_refusal_is_no_outage(outage: Outage, caplog: pytest.LogCaptureFixture) -> None:
    outage.begin("a", RespError("OOM command not allowed"))
    outage.begin("a", RespError("MOVED 1 127.0.0.1:1"))
    assert outage.since is None and not caplog.messages


@given(st.lists(st.tuples(st.sampled_from("abc"), st.booleans(), st.floats(0, 3))))
def test_the_lines_take_turns(events: list[tuple[str, bool, float]]) -> None:
    clock, lines = Clock(), list[str]()
    handler = logging.Handler()
    handler.emit = lambda record: lines.append(record.levelname)  # type: ignore[method-assign]
    log = logging.getLogger("tickfire.store.outage")
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    try:
        outage = Outage("redis://a", clock)
        for part, fails, pause_s in events:
            if fails:
                outage.begin(part, None)
            else:
                outage.end(part)
            clock.now += pause_s
            outage.settle()
        outage.end_all()
        outage.settle(now=True)
    finally:
        log.removeHandler(handler)
        log.setLevel(logging.NOTSET)
    assert lines == ["WARNING", "INFO"] * (len(lines) // 2)


@pytest.mark.parametrize(
    ("error", "outage", "move"),
    [
        (ConnectionRefusedError(), True, False),
        (TimeoutError(), True, False),
        (of_redis_py.TimeoutError(), True, False),
        (of_redis_py.BusyLoadingError(), True, False),
        (of_redis_py.ClusterDownError("x"), True, False),
        (of_redis_py.AuthenticationError(), False, False),
        (of_redis_py.ResponseError("OOM"), False, False),
        (RespError("CLUSTERDOWN The cluster is down"), True, False),
        (RespError("LOADING"), True, False),
        (RespError("ASK 1 a:1"), False, True),
        (RespError("TRYAGAIN"), False, True),
        (RespError("WRONGPASS"), False, False),
        (KeyError(), False, False),
    ],
    ids=repr,
)
def test_errors_of_both_clients_are_told_apart(error: Exception, outage: bool, move: bool) -> None:
    assert (is_outage(error), is_move(error)) == (outage, move)
