"""Channels by table, topic parameters, and methods for single events."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.eventually import eventually
from tickfire.phoenix import (
    Channel,
    ChannelFactory,
    Hub,
    JoinError,
    PhoenixSocket,
    Reply,
    Socket,
    UserSocket,
    event,
)
from tickfire.phoenix.core.routes import Routes
from tickfire.phoenix.testing import ChannelClient, JoinRefused, Received, connect


class Named(Channel):
    """A channel that answers a join with its name and topic parameters."""

    def __init__(self, name: str = "named") -> None:
        self.name = name

    async def join(self, topic: str, payload: Any, socket: Socket, **params: str) -> Any:
        return {"name": self.name, **params}


def named(name: str) -> ChannelFactory:
    return lambda: Named(name)


async def joined(channels: Mapping[str, ChannelFactory], topic: str) -> Any:
    """Return the response to a join."""
    client = await connect(PhoenixSocket("/socket", channels=channels))
    return (await client.join(topic))[1]


# --- tables
@pytest.mark.parametrize(
    ("pattern", "topic", "params"),
    [
        ("lobby", "lobby", {}),
        ("room:*", "room:1", {}),
        ("room:{room_id}", "room:1", {"room_id": "1"}),
        ("room:{room_id}", "room:a:b", {"room_id": "a:b"}),
        ("{tenant}:room:{room_id}", "acme:room:1:2", {"tenant": "acme", "room_id": "1:2"}),
        ("room:{room_id}:log", "room:a:b:log", {"room_id": "a:b"}),
    ],
)
async def test_a_pattern_serves_a_topic(pattern: str, topic: str, params: dict[str, str]) -> None:
    assert await joined({pattern: Named}, topic) == {"name": "named", **params}


@pytest.mark.parametrize(
    ("pattern", "topic"),
    [
        ("lobby", "lobby:1"),
        ("room:{room_id}", "room:"),
        ("room:{room_id}", "hall:1"),
        ("{tenant}:room:{room_id}", "a:b:room:1"),
        ("a.c:{room_id}", "abc:1"),
    ],
)
async def test_a_pattern_does_not_serve_a_topic(pattern: str, topic: str) -> None:
    with pytest.raises(JoinRefused) as refused:
        await joined({pattern: Named}, topic)
    assert refused.value.response == {"reason": "unmatched topic"}


@given(st.text(min_size=1).filter(lambda text: ":" not in text), st.text(min_size=1))
def test_parameters_are_the_parts_of_the_topic(part: str, rest: str) -> None:
    factory = Routes({"x:{part}:{rest}": Channel}).find(f"x:{part}:{rest}")
    assert factory is not None
    assert factory().topic_params == {"part": part, "rest": rest}


async def test_the_first_pattern_that_matches_wins() -> None:
    channels = {
        "room:lobby": named("lobby"),
        "room:{room_id}": named("parameter"),
        "room:*": named("prefix"),
        "room:late": named("late"),
    }
    assert (await joined(channels, "room:lobby"))["name"] == "lobby"
    assert (await joined(channels, "room:late"))["name"] == "parameter"
    assert (await joined(channels, "room:"))["name"] == "prefix"


@pytest.mark.parametrize(
    "pattern",
    [
        *("a:*:b", "a*b", "{a}:*"),
        *("a:{", "a:}", "a:{b", "a:{1}", "{}", "{a{b}}"),
        *("a:{b}:{b}", "a:{topic}"),
    ],
)
def test_malformed_patterns_are_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match="topic pattern"):
        PhoenixSocket("/socket", channels={pattern: Named})


async def test_the_table_of_the_socket_precedes_those_of_the_user() -> None:
    class OfTheClass(UserSocket):
        channels = {"room:*": named("class"), "hall:*": named("class")}  # noqa: RUF012

    class OfTheInstance(OfTheClass):
        def __init__(self) -> None:
            super().__init__()
            self.channels = {"room:*": named("instance"), "attic:*": named("instance")}

    table = {"room:1": named("table")}
    by_class = await connect(PhoenixSocket("/socket", OfTheClass, channels=table))
    assert (await by_class.join("room:1"))[1]["name"] == "table"
    assert (await by_class.join("room:2"))[1]["name"] == "class"
    assert (await by_class.join("hall:1"))[1]["name"] == "class"
    by_instance = await connect(PhoenixSocket("/socket", OfTheInstance, channels=table))
    assert (await by_instance.join("room:1"))[1]["name"] == "table"
    assert (await by_instance.join("room:2"))[1]["name"] == "instance"
    assert (await by_instance.join("attic:1"))[1]["name"] == "instance"
    with pytest.raises(JoinRefused):
        await by_instance.join("hall:1")


# --- topic parameters
async def test_join_gets_the_parameters_that_it_names() -> None:
    class Seat(Channel):
        async def join(self, topic: str, payload: Any, socket: Socket, seat: str) -> Any:
            return {"seat": seat, **self.topic_params}

    class Old(Channel):
        async def join(self, topic: str, payload: Any, socket: Socket) -> Any:
            return dict(self.topic_params)

    channels = {"hall:{row}:{seat}": Seat, "room:{row}:{seat}": Old, "bare:{row}": Channel}
    assert await joined(channels, "hall:3:14") == {"row": "3", "seat": "14"}
    assert await joined(channels, "room:3:14") == {"row": "3", "seat": "14"}
    assert await joined(channels, "bare:3") == {}


async def test_a_join_error_of_a_parsed_topic_refuses_the_join() -> None:
    class Room(Channel):
        async def join(self, topic: str, payload: Any, socket: Socket, room_id: str) -> Any:
            raise JoinError({"reason": f"{room_id} is full"})

    with pytest.raises(JoinRefused) as refused:
        await joined({"room:{room_id}": Room}, "room:7")
    assert refused.value.response == {"reason": "7 is full"}


# --- events
class Position(msgspec.Struct):
    x: int
    y: int


class Move(msgspec.Struct):
    to: Position
    name: str = "pawn"


class Board(Channel):
    @event("move")
    async def move(self, payload: Move, socket: Socket) -> Reply:
        return Reply({"x": payload.to.x, "name": payload.name})

    @event("untyped")
    @event("alias")
    async def untyped(self, payload: Any, socket: Socket) -> Reply:
        return Reply({"got": payload})

    @event("given", payload=Position)
    async def given(self, payload: Any, socket: Socket) -> Reply:
        return Reply({"sum": payload.x + payload.y})

    async def handle_in(self, event: str, payload: Any, socket: Socket) -> Reply:
        return Reply({"other": event})


class Chess(Board):
    @event("castle")
    async def castle(self, payload: Any, socket: Socket) -> Reply:
        return Reply({"castled": True})

    async def untyped(self, payload: Any, socket: Socket) -> Reply:
        return Reply({"overridden": payload})


async def board(channel: type[Channel] = Board) -> ChannelClient:
    client = await connect(PhoenixSocket("/socket", channels={"board:*": channel}))
    return (await client.join("board:1"))[0]


async def test_events_go_to_their_methods_and_others_to_handle_in() -> None:
    client = await board()
    for name, payload, response in [
        ("move", {"to": {"x": 1, "y": 2}}, {"x": 1, "name": "pawn"}),
        ("untyped", [1], {"got": [1]}),
        ("alias", 2, {"got": 2}),
        ("given", {"x": 1, "y": 2}, {"sum": 3}),
        ("unknown", {}, {"other": "unknown"}),
    ]:
        await client.assert_reply(client.push(name, payload), "ok", response)


async def test_a_payload_that_does_not_fit_gets_an_error_that_says_where() -> None:
    client = await board()
    for name, payload, where, detail in [
        ("move", {"to": {"x": "one", "y": 2}}, "$.to.x", "Expected `int`, got `str`"),
        ("move", {"name": "king"}, "$", "Object missing required field `to`"),
        ("given", [1, 2], "$", "Expected `object`, got `array`"),
        ("given", b"bytes", "$", "Expected `object`, got `bytes`"),
    ]:
        response = {"reason": "invalid payload", "where": where, "detail": detail}
        await client.assert_reply(client.push(name, payload), "error", response)
    ref = client.push("move", {"to": {"x": 1, "y": 2}})
    await client.assert_reply(ref, "ok", {"x": 1, "name": "pawn"})


async def test_an_event_without_a_method_or_handle_in_ends_the_channel() -> None:
    class Strict(Channel):
        @event("known")
        async def known(self, payload: Any, socket: Socket) -> None: ...

    client = await connect(UserSocket, channels={"room": Strict})
    room, _ = await client.join("room")
    room.push("unknown")
    await room.assert_push("phx_error")


async def test_a_subclass_inherits_adds_and_overrides_event_methods() -> None:
    client = await board(Chess)
    for name, payload, response in [
        ("castle", {}, {"castled": True}),
        ("move", {"to": {"x": 1, "y": 2}}, {"x": 1, "name": "pawn"}),
        ("alias", 2, {"overridden": 2}),
        ("unknown", {}, {"other": "unknown"}),
    ]:
        await client.assert_reply(client.push(name, payload), "ok", response)


def test_an_event_method_must_be_a_coroutine_function() -> None:
    with pytest.raises(TypeError, match="must be an `async def`"):

        @event("move")
        def move(self: Any, payload: Any, socket: Socket) -> None: ...


def test_a_payload_type_that_cannot_be_resolved_is_refused() -> None:
    with pytest.raises(TypeError, match=r"'move' cannot be resolved .*Unknown.*event\(name"):

        class Broken(Channel):
            @event("move")
            async def move(self, payload: Unknown, socket: Socket) -> None:  # type: ignore[name-defined]  # noqa: F821
                ...


@pytest.mark.parametrize(
    ("code", "reason"), [(None, "disconnected"), (1012, "restart"), (4000, "closed")]
)
async def test_terminate_gets_the_reason_for_the_end_of_the_connection(
    code: int | None, reason: str
) -> None:
    ended = []

    class User(UserSocket):
        def id(self) -> str:
            return "users:ann"

    class Watched(Channel):
        @event("close")
        async def close(self, payload: Any, socket: Socket) -> None:
            if code is None:
                await socket.hub.disconnect("users:ann")
            else:
                socket.close(code)

        async def terminate(self, reason: Any, socket: Socket) -> None:
            assert socket.transport == "channel_test"
            ended.append(reason)

    client = await connect(User, channels={"room:*": Watched})
    room, _ = await client.join("room:1")
    room.push("close")
    await eventually(lambda: client.closed_with is not None and bool(ended), "the end")
    assert client.closed_with == (1001 if code is None else code)
    assert ended == [("shutdown", reason)]


async def test_a_channel_pushes_under_another_topic() -> None:
    class Guide(Channel):
        @event("go")
        async def go(self, payload: Any, socket: Socket) -> None:
            socket.push("moved", {"to": 2}, topic="room:2")
            socket.push("moved", b"\x00\xff", topic="room:2")
            socket.push("done", {}, topic=socket.topic)

    client = await connect(UserSocket, channels={"room:*": Guide})
    room, _ = await client.join("room:1")
    room.push("go")
    await eventually(lambda: len(client.received) >= 3, "the pushes")
    text, binary, done = client.received
    assert text == Received(None, None, "room:2", "moved", {"to": 2})
    assert binary == Received("", None, "room:2", "moved", b"\x00\xff")
    assert done == Received(room.join_ref, None, "room:1", "done", {})


async def test_server_code_broadcasts_from_a_subscriber_to_the_others() -> None:
    sockets: list[Socket] = []
    heard: list[str] = []

    class Room(Channel):
        async def join(self, topic: str, payload: Any, socket: Socket) -> None:
            sockets.append(socket)

    def listener(topic: str, event: str, payload: Any) -> None:
        heard.append(event)

    hub = Hub()
    hub.listen("room:1", listener)
    users = [await connect(UserSocket, hub=hub, channels={"room:*": Room}) for _ in range(2)]
    rooms = [(await user.join("room:1"))[0] for user in users]
    await hub.broadcast_from(sockets[0], "room:1", "all", {})
    hub.local_broadcast_from(sockets[0], "room:1", "local", {})
    await hub.broadcast_from(listener, "room:1", "unheard", {})
    for room in rooms:
        await room.assert_push("unheard")
    events = [[got.event for got in room.client.received] for room in rooms]
    assert events == [[], ["all", "local"]]
    assert heard == ["all", "local"]
