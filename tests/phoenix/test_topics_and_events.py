"""Topic parameters, and methods for single events."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tickfire.phoenix import Channel, PhoenixSocket, Reply, Socket, UserSocket, event
from tickfire.phoenix.core.routes import Routes
from tickfire.phoenix.testing import connect


class Text(msgspec.Struct):
    text: str


class Room(Channel):
    async def join(self, topic: str, payload: Any, socket: Socket, room_id: str) -> Any:
        return {"room": room_id, "all": dict(self.topic_params)}

    @event("say")
    async def say(self, payload: Text, socket: Socket) -> Reply:
        return Reply({"said": payload.text})

    @event("raw")
    async def raw(self, payload: Any, socket: Socket) -> Reply:
        return Reply({"raw": payload})

    async def handle_in(self, event: str, payload: Any, socket: Socket) -> Reply:
        return Reply({"other": event})


class LouderRoom(Room):
    async def say(self, payload: Text, socket: Socket) -> Reply:
        return Reply({"said": payload.text.upper()})

    @event("whisper", Text)
    async def whisper(self, payload, socket):  # type: ignore[no-untyped-def]
        return Reply({"whispered": payload.text})


def params(pattern: str, topic: str) -> Any:
    factory = Routes({pattern: Channel}).find(topic)
    return None if factory is None else dict(factory().topic_params)


@pytest.mark.parametrize(
    ("pattern", "topic", "expected"),
    [
        ("room:{id}", "room:7", {"id": "7"}),
        ("room:{id}", "room:a:b", {"id": "a:b"}),
        ("room:{id}", "room:", None),
        ("room:{id}", "hall:7", None),
        ("{tenant}:room:{id}", "acme:room:1:2", {"tenant": "acme", "id": "1:2"}),
        ("{tenant}:room:{id}", "a:b:room:1", None),
        ("a.c:{id}", "abc:1", None),
        ("room:*", "room:7", {}),
        ("lobby", "lobby", {}),
    ],
)
def test_a_parameter_ends_at_a_colon_and_the_last_takes_the_rest(
    pattern: str, topic: str, expected: Any
) -> None:
    assert params(pattern, topic) == expected


@given(st.text(min_size=1).filter(lambda text: ":" not in text), st.text(min_size=1))
def test_parameters_are_the_parts_of_the_topic(part: str, rest: str) -> None:
    assert params("x:{part}:{rest}", f"x:{part}:{rest}") == {"part": part, "rest": rest}


@pytest.mark.parametrize(
    "pattern", ["a:{", "a:}", "{a}{a}", "{1}", "{}", "{topic}", "{a}:*", "a*b", "{a{b}}"]
)
def test_a_malformed_pattern_is_refused_at_once(pattern: str) -> None:
    with pytest.raises(ValueError, match="topic pattern"):
        PhoenixSocket("/socket", channels={pattern: Channel})


def test_the_first_pattern_that_matches_wins() -> None:
    class A(Channel): ...

    class B(Channel): ...

    routes = Routes({"room:{id}": A, "room:lobby": B, "hall:lobby": B, "hall:{id}": A})
    made = [routes.find(topic) for topic in ("room:lobby", "hall:lobby", "hall:1")]
    assert [type(factory()) for factory in made if factory is not None] == [A, B, A]


async def test_join_gets_the_parameters_that_it_names() -> None:
    class Any_(Channel):
        async def join(self, topic: str, payload: Any, socket: Socket, **given: Any) -> Any:
            return given

    class None_(Channel):
        async def join(self, topic: str, payload: Any, socket: Socket) -> Any:
            return dict(self.topic_params)

    socket = PhoenixSocket(
        channels={"{tenant}:room:{room_id}": Room, "any:{x}": Any_, "none:{x}": None_}
    )
    client = await connect(socket)
    _, response = await client.join("acme:room:1")
    assert response == {"room": "1", "all": {"tenant": "acme", "room_id": "1"}}
    assert (await client.join("any:1"))[1] == (await client.join("none:1"))[1] == {"x": "1"}


async def test_events_go_to_their_methods_and_others_to_handle_in() -> None:
    client = await connect(PhoenixSocket(channels={"room:{room_id}": Room}))
    room, _ = await client.join("room:1")
    await room.assert_reply(room.push("say", {"text": "hi"}), "ok", {"said": "hi"})
    await room.assert_reply(room.push("raw", [1]), "ok", {"raw": [1]})
    await room.assert_reply(room.push("unknown"), "ok", {"other": "unknown"})


async def test_a_subclass_inherits_events_and_overrides_their_methods() -> None:
    client = await connect(PhoenixSocket(channels={"room:{room_id}": LouderRoom}))
    room, _ = await client.join("room:1")
    await room.assert_reply(room.push("say", {"text": "hi"}), "ok", {"said": "HI"})
    await room.assert_reply(room.push("whisper", {"text": "hi"}), "ok", {"whispered": "hi"})
    await room.assert_reply(room.push("raw", 1), "ok", {"raw": 1})
    await room.assert_reply(room.push("unknown"), "ok", {"other": "unknown"})


@pytest.mark.parametrize(
    ("payload", "where", "detail"),
    [
        ({"text": 1}, "$.text", "Expected `str`, got `int`"),
        ({}, "$", "Object missing required field `text`"),
        (b"bytes", "$", "Expected `object`, got `bytes`"),
    ],
)
async def test_a_payload_that_does_not_fit_is_answered_with_the_place(
    payload: Any, where: str, detail: str
) -> None:
    client = await connect(PhoenixSocket(channels={"room:{room_id}": Room}))
    room, _ = await client.join("room:1")
    ref = room.push("say", payload)
    expected = {"reason": "invalid payload", "where": where, "detail": detail}
    await room.assert_reply(ref, "error", expected)
    await room.assert_reply(room.push("say", {"text": "still here"}), "ok")


async def test_an_event_without_a_method_or_handle_in_ends_the_channel() -> None:
    class Strict(Channel):
        @event("known")
        async def known(self, payload: Any, socket: Socket) -> None: ...

    client = await connect(UserSocket, channels={"room": Strict})
    room, _ = await client.join("room")
    room.push("unknown")
    await room.assert_push("phx_error")


def test_an_event_method_must_be_a_coroutine_function() -> None:
    with pytest.raises(TypeError, match="async def"):

        @event("say")
        def say(self: Any, payload: Any, socket: Socket) -> None: ...


def test_a_payload_type_that_cannot_be_resolved_is_named() -> None:
    class Hidden(msgspec.Struct): ...

    with pytest.raises(TypeError, match=r"'say' cannot be resolved .*Hidden.*event\(name"):

        class Room(Channel):
            @event("say")
            async def say(self, payload: Hidden, socket: Socket) -> None: ...


async def test_channels_may_be_a_class_attribute_an_instance_attribute_or_a_table() -> None:
    class ByClass(UserSocket):
        channels = {"room:*": Channel}  # noqa: RUF012

    class ByInstance(UserSocket):
        def __init__(self) -> None:
            super().__init__()
            self.channels = {"room:*": Channel}

    for client in (
        await connect(ByClass),
        await connect(ByInstance),
        await connect(PhoenixSocket(channels={"room:*": Channel})),
        await connect(UserSocket, channels={"room:*": Channel}),
    ):
        await client.join("room:1")


async def test_the_table_precedes_the_channels_of_the_user_socket() -> None:
    class Other(UserSocket):
        channels = {"room:{id}": Channel, "hall": Channel}  # noqa: RUF012

    client = await connect(PhoenixSocket("", Other, channels={"room:{room_id}": Room}))
    assert (await client.join("room:1"))[1]["room"] == "1"
    await client.join("hall")
