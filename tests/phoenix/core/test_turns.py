"""The budget of a turn of the event loop, and the order in which messages that wait are handled."""

from __future__ import annotations

import asyncio
import math
from typing import Any

import pytest

from tests.support.eventually import eventually
from tests.support.phoenix.fakes import Talk
from tickfire.phoenix import Channel, Hub, Reply, Socket
from tickfire.phoenix.core.session import MAX_UNSENT
from tickfire.phoenix.core.turns import Turns


class Echo(Channel):
    async def join(self, topic: str, payload: Any, socket: Socket, *_: Any, **params: Any) -> Any:
        return payload

    async def handle_in(self, event: str, payload: Any, socket: Socket) -> Reply:
        if event == "close":
            socket.close(4000)
        return Reply(payload)


class Waiting:
    """A session with a number of messages."""

    def __init__(self, name: str, messages: int, log: list[str]) -> None:
        self._name, self._left, self._log = name, messages, log

    def handle_next(self) -> bool:
        self._log.append(self._name)
        self._left -= 1
        return self._left > 0


async def test_sessions_that_wait_have_their_turns_in_rotation() -> None:
    turns, log = Turns(math.inf), list[str]()
    for name, messages in (("a", 3), ("b", 1), ("c", 2)):
        turns.wait(Waiting(name, messages, log))
    assert log == []
    await asyncio.sleep(0)
    assert log == ["a", "b", "c", "a", "c", "a"]


async def test_a_session_that_begins_to_wait_is_ahead_of_those_with_bursts() -> None:
    turns, log = Turns(0.0), list[str]()
    for name in "abcdefgh":
        turns.wait(Waiting(name, 100, log))
    await eventually(lambda: len(log) >= 30, "some turns")
    before = len(log)
    turns.wait(Waiting("z", 1, log))
    await eventually(lambda: "z" in log, "its turn")
    assert log.index("z") <= before + 2  # a message of one other, and the turn that runs


async def test_sessions_with_bursts_are_served_while_others_begin_to_wait() -> None:
    turns, log = Turns(0.0), list[str]()
    turns.wait(Waiting("burst", 20, log))
    while log.count("burst") < 20:
        turns.wait(Waiting("single", 1, log))
        await asyncio.sleep(0)
    assert log.count("single") > 0


async def test_a_turn_ends_with_its_time_and_the_loop_goes_on() -> None:
    turns, log = Turns(0.0), list[str]()
    turns.wait(Waiting("a", 3, log))
    assert turns.is_over()
    seen = []
    while len(log) < 3:
        await asyncio.sleep(0)
        seen.append(len(log))
    assert sorted({*seen}) == [*range(seen[0], 4)]
    assert seen[0] <= 1


async def test_tasks_wait_for_a_turn_with_time_left() -> None:
    turns, done = Turns(0.0), list[int]()

    async def work(number: int) -> None:
        await turns.room()
        done.append(number)

    async with asyncio.TaskGroup() as group:
        for number in range(5):
            group.create_task(work(number))
        await asyncio.sleep(0)
        assert done == [0]
    assert done == [0, 1, 2, 3, 4]


async def test_messages_beyond_the_turn_are_handled_in_order_by_later_turns() -> None:
    talk = Talk({"room:*": Echo}, turn_s=0.0)
    talk.join("room:1", "1")
    refs = [str(ref) for ref in range(2, 40)]
    for ref in refs:
        talk.send("1", ref, "room:1", "echo", {})
    at_once = talk.said()
    assert len(at_once) < 5
    await talk.session.settled()
    assert [message[1] for message in (*at_once, *talk.said())] == refs


async def test_many_joins_that_wait_do_not_nest() -> None:
    talk = Talk({"room:*": Echo}, turn_s=0.0, max_channels=5_000)
    for number in range(2_000):
        talk.send(str(number), str(number), f"room:{number}", "phx_join", {})
    await talk.session.settled()
    assert sum(message[3] == "phx_reply" for message in talk.said()) == 2_000
    assert talk.transport.reading


async def test_messages_sent_before_the_end_are_handled() -> None:
    talk = Talk({"room:*": Echo}, turn_s=0.0)
    talk.join("room:1", "1")
    refs = [str(ref) for ref in range(2, 20)]
    for ref in refs:
        talk.send("1", ref, "room:1", "echo", {})
    talk.session.close(1000)
    assert [message[1] for message in talk.said()] == refs
    assert talk.transport.closed_with == 1000


async def test_messages_that_wait_when_a_connection_is_lost_are_handled_by_later_turns() -> None:
    handled = []

    class Counted(Echo):
        async def handle_in(self, event: str, payload: Any, socket: Socket) -> Reply:
            handled.append(payload)
            return Reply(payload)

    talk = Talk({"room:*": Counted}, turn_s=0.0)
    talk.join("room:1", "1")
    for number in range(30):
        talk.send("1", str(number), "room:1", "echo", number)
    talk.session.lost()
    assert len(handled) < 5, "the end of one client holds up no other"
    assert not talk.session.closed
    await eventually(lambda: talk.session.closed, "the session ends")
    assert handled == [*range(30)]
    assert talk.hub.stats.sessions == 0


async def test_messages_after_one_that_ends_the_session_are_dropped() -> None:
    talk = Talk({"room:*": Echo}, turn_s=0.0)
    talk.join("room:1", "1")
    for ref, event in enumerate(("echo", "echo", "close", "echo", "echo"), 2):
        talk.send("1", str(ref), "room:1", event, {})
    await talk.session.settled()
    assert talk.transport.closed_with == 4000
    assert [message[1] for message in talk.said()] == ["2", "3"]


async def test_messages_wait_while_the_client_does_not_read() -> None:
    talk = Talk({"room:*": Echo})
    talk.join("room:1", "1")
    talk.said()
    talk.transport.size = MAX_UNSENT + 1
    talk.session.set_congested(True)
    talk.send("1", "2", "room:1", "echo", {})
    talk.send(None, "3", "phoenix", "heartbeat", {})
    await talk.session.settled()
    assert talk.said() == []
    talk.transport.size = 0
    talk.session.set_congested(False)
    await talk.session.settled()
    assert [message[1] for message in talk.said()] == ["2", "3"]


@pytest.mark.parametrize(
    "message",
    [
        (None, "3", "phoenix", "heartbeat", {}),
        ("4", "4", "room:4", "phx_join", {}),
        ("5", "5", "nowhere", "phx_join", {}),
    ],
    ids=["heartbeat", "join", "unmatched"],
)
async def test_replies_count_toward_the_write_limit(message: tuple[Any, ...]) -> None:
    talk = Talk({"room:*": Echo}, hub=Hub(write_limit=1_000))
    talk.transport.size = 1_001
    talk.session.set_congested(True)
    talk.send(*message)
    assert talk.transport.aborted
    assert talk.hub.stats.aborted == 1
