"""Lanes: each subscriber gets every frame written during its subscription, in order, once."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tickfire.phoenix.core import lane as lane_module
from tickfire.phoenix.core.lane import Lane
from tickfire.phoenix.core.subscriber import HubStats, Subscriber

SMALL_STEP = 3


class Turns:
    """Fake event loop whose callbacks run when the test says so."""

    def __init__(self) -> None:
        self.soon: deque[Callable[[], None]] = deque()

    def call_soon(self, callback: Callable[[], None]) -> None:
        self.soon.append(callback)

    def turn(self) -> None:
        for _ in range(len(self.soon)):
            self.soon.popleft()()


class Recorder:
    """A connection that records the frames written to it."""

    def __init__(self) -> None:
        self.chunks: list[bytes] = []
        self.write: Callable[[bytes], None] = self.chunks.append
        self.size = 0
        self.aborted = False

    def buffered(self) -> int:
        return self.size

    def abort(self) -> None:
        self.aborted = True

    @property
    def got(self) -> bytes:
        return b"".join(self.chunks)


class LaneMachine(RuleBasedStateMachine):
    """Two lanes, with subscribers that join, leave, move and send between any two steps."""

    @initialize()
    def begin(self) -> None:
        self.monkeypatch = pytest.MonkeyPatch()
        self.monkeypatch.setattr(lane_module, "STEP", SMALL_STEP)
        self.loop = Turns()
        self.lanes: list[Any] = [Lane(self.loop), Lane(self.loop)]  # type: ignore[arg-type]
        self.here: dict[Subscriber, int] = {}
        self.sinks: dict[Subscriber, Recorder] = {}
        self.expected: dict[Subscriber, list[bytes]] = {}
        self.written: list[list[bytes]] = [[], []]
        self.count = 0

    def teardown(self) -> None:
        if hasattr(self, "monkeypatch"):
            self.everything_arrives()
            self.monkeypatch.undo()

    def frame(self) -> bytes:
        self.count += 1
        return b"<%d>" % self.count

    def some(self, data: st.DataObject) -> Subscriber:
        return data.draw(st.sampled_from(list(self.here)))

    @rule(which=st.integers(0, 1))
    def subscribe(self, which: int) -> None:
        sink = Recorder()
        subscriber = Subscriber(sink, HubStats())
        self.sinks[subscriber], self.expected[subscriber] = sink, [b"join;"]
        self.lanes[which].add(subscriber)
        subscriber.release(b"join;")
        self.here[subscriber] = which

    @rule(which=st.integers(0, 1))
    def write(self, which: int) -> None:
        frame = self.frame()
        self.note(which, frame)
        self.lanes[which].write(frame)

    def note(self, which: int, frame: bytes, exclude: Subscriber | None = None) -> None:
        self.written[which].append(frame)
        for subscriber, lane in self.here.items():
            if lane == which and subscriber is not exclude:
                self.expected[subscriber].append(frame)

    @precondition(lambda self: self.here)
    @rule(data=st.data(), which=st.integers(0, 1))
    def write_but_to_one(self, data: st.DataObject, which: int) -> None:
        exclude, frame = self.some(data), self.frame()
        self.note(which, frame, exclude)
        self.lanes[which].write(frame, exclude)

    @precondition(lambda self: self.here)
    @rule(data=st.data())
    def send_to_one(self, data: st.DataObject) -> None:
        subscriber, frame = self.some(data), self.frame()
        subscriber.send(frame)
        self.expected[subscriber].append(frame)
        self.has_everything(subscriber)

    @precondition(lambda self: self.here)
    @rule(data=st.data())
    def move(self, data: st.DataObject) -> None:
        subscriber = self.some(data)
        which = self.here[subscriber]
        self.lanes[which].remove(subscriber)
        self.lanes[1 - which].add(subscriber)
        self.here[subscriber] = 1 - which

    @precondition(lambda self: self.here)
    @rule(data=st.data())
    def leave(self, data: st.DataObject) -> None:
        subscriber = self.some(data)
        self.lanes[self.here[subscriber]].remove(subscriber)
        del self.here[subscriber]
        subscriber.end()
        self.has_everything(subscriber)

    @precondition(lambda self: self.here)
    @rule(data=st.data(), congested=st.booleans())
    def pass_high_water(self, data: st.DataObject, congested: bool) -> None:
        self.some(data).set_congested(congested)

    @precondition(lambda self: self.here)
    @rule(data=st.data(), cares=st.booleans())
    def care_for_overflow(self, data: st.DataObject, cares: bool) -> None:
        subscriber = self.some(data)
        subscriber.on_overflow = partial(self.overflowed, subscriber) if cares else None

    def overflowed(self, subscriber: Subscriber, missed: int) -> None:
        """Forget the latest frames for this subscriber, which it skips."""
        assert missed > 0
        expected = self.expected[subscriber]
        written = self.written[self.here[subscriber]]
        for frame in [each for each in written if each in expected][-missed:]:
            expected.remove(frame)

    @rule()
    def loop_comes_round(self) -> None:
        self.loop.turn()

    def has_everything(self, subscriber: Subscriber) -> None:
        assert self.sinks[subscriber].got == b"".join(self.expected[subscriber])

    @invariant()
    def nobody_gets_what_is_not_for_them(self) -> None:
        for subscriber, sink in getattr(self, "sinks", {}).items():
            assert b"".join(self.expected[subscriber]).startswith(sink.got)

    @invariant()
    def lanes_rest_when_nothing_is_scheduled(self) -> None:
        if hasattr(self, "loop") and not self.loop.soon:
            assert not any(lane.behind for lane in self.lanes)

    def everything_arrives(self) -> None:
        while self.loop.soon:
            self.loop.turn()
        for subscriber in self.expected:
            self.has_everything(subscriber)


TestLane = LaneMachine.TestCase
TestLane.settings = settings(stateful_step_count=40, max_examples=150)


def subscribed(lane: Lane, count: int) -> list[Recorder]:
    sinks = [Recorder() for _ in range(count)]
    for sink in sinks:
        subscriber = Subscriber(sink, HubStats())
        lane.add(subscriber)
        subscriber.release(b"")
        sink.chunks.clear()
    return sinks


async def test_the_first_frame_is_written_at_once_and_queued_ones_are_joined() -> None:
    lane = Lane(asyncio.get_running_loop())
    [sink] = subscribed(lane, 1)
    for frame in (b"1", b"2", b"3"):
        lane.write(frame)
    assert sink.chunks == [b"1"]
    await asyncio.sleep(0)
    assert sink.chunks == [b"1", b"23"]
    lane.write(b"4")
    await asyncio.sleep(0)
    assert sink.chunks == [b"1", b"23", b"4"]


async def test_a_large_topic_does_not_block_the_loop() -> None:
    lane = Lane(asyncio.get_running_loop())
    sinks = subscribed(lane, lane_module.STEP * 2 + 1)
    lane.write(b"1")
    assert [bool(sink.chunks) for sink in sinks].count(True) == lane_module.STEP
    await asyncio.sleep(0)
    assert [bool(sink.chunks) for sink in sinks].count(True) == lane_module.STEP * 2
    lane.write(b"2")
    for _ in range(8):
        await asyncio.sleep(0)
    assert all(sink.got == b"12" for sink in sinks)


def overflowing(on_overflow: Callable[[int], None] | None) -> tuple[Subscriber, Recorder, HubStats]:
    sink, stats = Recorder(), HubStats()
    subscriber = Subscriber(sink, stats, write_limit=100)
    subscriber.release(b"")
    sink.chunks.clear()
    subscriber.on_overflow = on_overflow
    subscriber.set_congested(True)
    return subscriber, sink, stats


def test_a_congested_subscriber_gets_on_overflow_instead_of_writes() -> None:
    calls: list[int] = []
    subscriber, sink, stats = overflowing(calls.append)
    subscriber.write(b"from the hub")
    assert (calls, sink.chunks, stats.overflowed) == ([1], [], 1)
    subscriber.send(b"its own")
    assert sink.chunks == [b"its own"]
    subscriber.set_congested(False)
    subscriber.write(b"again")
    assert sink.chunks == [b"its own", b"again"]


def test_a_congested_subscriber_without_on_overflow_is_dropped_at_the_limit() -> None:
    subscriber, sink, stats = overflowing(None)
    sink.size = 100
    subscriber.write(b"a")
    assert sink.chunks == [b"a"]
    sink.size = 101
    subscriber.write(b"b")
    assert (sink.chunks, sink.aborted, stats.aborted) == ([b"a"], True, 1)
    subscriber.write(b"c")
    subscriber.send(b"d")
    assert (sink.chunks, stats.aborted) == ([b"a"], 1)


def test_a_failing_on_overflow_affects_no_other_subscriber() -> None:
    def fail(missed: int) -> None:
        raise RuntimeError

    subscriber, sink, _ = overflowing(fail)
    subscriber.write(b"a")
    assert sink.chunks == []


def test_a_change_of_lane_while_held_drops_frames_of_the_hub() -> None:
    sink = Recorder()
    subscriber = Subscriber(sink, HubStats())
    subscriber.write(b"old lane;")
    subscriber.send(b"own;")
    subscriber.forget_held()
    subscriber.write(b"new lane;")
    subscriber.release(b"reply;")
    assert sink.got == b"reply;own;new lane;"


@pytest.mark.parametrize("talks", [False, True])
def test_on_overflow_gets_the_number_of_skipped_writes(talks: bool) -> None:
    loop = Turns()
    given: list[Any] = []
    log: list[Any] = []
    lane = Lane(loop)  # type: ignore[arg-type]
    sinks = [Recorder() for _ in range(2)]
    quick, slow = (Subscriber(sink, HubStats()) for sink in sinks)
    for subscriber in (quick, slow):
        subscriber.release(b"")
        lane.add(subscriber)

    def overflowed(missed: int) -> None:
        given.append(log[: len(log) - missed])
        lane.remove(slow)

    slow.on_overflow = overflowed
    for number in range(8):
        if number == 5:
            slow.set_congested(True)
            if talks:
                slow.send(b"own")  # first all that waits for it
        log.append(b"%d" % number)
        lane.write(log[-1])
        if number in (1, 2):
            loop.turn()
    for _ in range(4):
        loop.turn()
    assert sinks[0].got == b"".join(log)
    assert given == [[piece for piece in log if piece in sinks[1].got]]
    assert sinks[1].got.replace(b"own", b"") == b"".join(given[0])
