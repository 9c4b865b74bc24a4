"""The connection's rules, checked against the table in its docstring."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from tests.support.phoenix.strategies import json_values
from tickfire.phoenix.core.connection import (
    IGNORE,
    Answer,
    Connection,
    Deliver,
    Join,
    Joined,
    Leave,
    identical,
)
from tickfire.phoenix.wire.message import Message

MAX_CHANNELS = 3
TOPICS = ["a:1", "a:2", "a:3", "a:4", "a:5"]
UNSERVED = ["", "phoenix", "b:1", "a"]
ODD_TOPICS: list[Any] = [None, 5, {}, [], True]
JOIN_REFS = [None, "1", "2", 1, 1.0, True, "", [1], {"a": 1}]
EVENTS = ["phx_join", "phx_leave", "heartbeat", "echo", "phx_reply", "phx_close", None, 5]

topics = st.sampled_from([*TOPICS, *UNSERVED, *ODD_TOPICS])
join_refs = st.sampled_from(JOIN_REFS)


def route(topic: str) -> str | None:
    return "factory" if topic.startswith("a:") else None


def strictly_same(left: Any, right: Any) -> bool:
    return repr(left) == repr(right)


class ConnectionMachine(RuleBasedStateMachine):
    """Any messages, in any order, with channels that join, fail to join, and end at any time."""

    def __init__(self) -> None:
        super().__init__()
        self.connection: Connection[object, str] = Connection(route, MAX_CHANNELS)
        self.model: dict[str, Joined[object]] = {}

    @rule(topic=topics, event=st.sampled_from(EVENTS), join_ref=join_refs, ref=join_refs)
    def receive(self, topic: Any, event: Any, join_ref: Any, ref: Any) -> None:
        message = Message(join_ref, ref, topic, event, {})
        outcome = self.connection.receive(message)
        if topic == "phoenix" and event == "heartbeat":
            assert outcome == Answer(None, ref, "phoenix", "ok", {})
        elif isinstance(topic, str) and topic in self.model:
            self.check_joined(message, outcome)
        else:
            self.check_not_joined(message, outcome)

    def check_joined(self, message: Message, outcome: Any) -> None:
        joined = self.model[message.topic]
        if message.event == "phx_join":
            assert outcome == Join("factory", joined)
        elif message.join_ref is not None and not strictly_same(message.join_ref, joined.join_ref):
            assert outcome is IGNORE
        elif message.event == "phx_leave":
            assert outcome == Leave(joined)
        else:
            assert outcome == Deliver(joined)

    def check_not_joined(self, message: Message, outcome: Any) -> None:
        if message.event == "phx_leave":
            assert outcome == Answer(message.join_ref, message.ref, message.topic, "ok", {})
        elif message.event == "phx_join" and message.topic in TOPICS:
            if len(self.model) < MAX_CHANNELS:
                assert outcome == Join("factory", None)
            else:
                reason = {"reason": "too many channels joined"}
                expected = Answer(message.join_ref, message.ref, message.topic, "error", reason)
                assert outcome == expected
        else:
            reason = {"reason": "unmatched topic"}
            assert outcome == Answer(None, message.ref, message.topic, "error", reason)

    @rule(topic=st.sampled_from(TOPICS), join_ref=join_refs)
    def join_succeeds(self, topic: str, join_ref: Any) -> None:
        message = Message(join_ref, "r", topic, "phx_join", {})
        outcome = self.connection.receive(message)
        if not isinstance(outcome, Join):
            return
        if outcome.replaced is not None:
            self.connection.ended(outcome.replaced)
        self.model[topic] = self.connection.joined(message, object())

    @precondition(lambda self: self.model)
    @rule(data=st.data())
    def channel_ends(self, data: st.DataObject) -> None:
        topic = data.draw(st.sampled_from(sorted(self.model)))
        joined = self.model.pop(topic)
        self.connection.ended(joined)
        self.connection.ended(joined)  # a second time does no harm

    @precondition(lambda self: self.model)
    @rule(data=st.data())
    def replaced_channel_ends_late(self, data: st.DataObject) -> None:
        topic = data.draw(st.sampled_from(sorted(self.model)))
        old = self.model[topic]
        self.model[topic] = self.connection.joined(Message("new", "r", topic, "", {}), object())
        self.connection.ended(old)

    @invariant()
    def channels_are_those_of_the_model(self) -> None:
        expected = [joined.channel for joined in self.model.values()]
        assert set(map(id, self.connection.channels())) == set(map(id, expected))


TestConnection = ConnectionMachine.TestCase


@given(json_values, json_values)
def test_refs_are_identical_only_with_the_same_types(left: Any, right: Any) -> None:
    assert identical(left, left)
    assert identical(left, right) == identical(right, left)


def test_4_and_4_point_0_and_a_string_are_three_refs() -> None:
    refs = [4, 4.0, "4", True, None, "", [4], [4.0], {"a": 4}, {"a": 4.0}, {"b": 4}, []]
    for i, left in enumerate(refs):
        for j, right in enumerate(refs):
            assert identical(left, right) == (i == j), (left, right)
