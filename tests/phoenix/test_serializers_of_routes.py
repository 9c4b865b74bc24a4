"""Serializers of one's own, on one route of several that share a hub."""

from __future__ import annotations

from typing import Any, ClassVar

import msgspec
import pytest
from starlette.applications import Starlette
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.support.phoenix.serving import serve_app
from tickfire.phoenix import (
    Channel,
    Hub,
    Message,
    MessageSerializer,
    PhoenixSocket,
    Reply,
    Socket,
    V2Serializer,
    WebSocketOptions,
)


class MessagePack(MessageSerializer):
    vsn: ClassVar[str] = "3.0.0"

    def decode(self, data: bytes, opcode: str) -> Message:
        assert opcode == "binary"
        return Message(*msgspec.msgpack.decode(data))

    def encode(self, message: Message) -> bytes:
        return msgspec.msgpack.encode(message)


class Spelled(MessageSerializer):
    vsn: ClassVar[str] = "3.1.0"

    def decode(self, data: bytes, opcode: str) -> Any:
        topic, event = data.decode().split(" ")
        return Message("1", "1", topic, event, {}) if event != "nothing" else None

    def encode(self, message: Message) -> str:
        return f"{message.topic} {message.event}"

    def fastlane(self, message: Message) -> str:
        return f"to all: {message.event}"


class Room(Channel):
    async def handle_in(self, event: str, payload: Any, socket: Socket) -> Reply:
        await socket.broadcast(event, {"vsn": socket.vsn})
        return Reply(payload)


def app(**options: Any) -> Starlette:
    hub, channels = Hub(), {"room:*": Room}
    own: list[tuple[Any, str]] = [
        (MessagePack, "~> 3.0.0"),
        (Spelled(), ">= 3.1.0"),
        (V2Serializer, "~> 2.0.0"),
    ]
    return Starlette(
        routes=[
            PhoenixSocket("/own", channels=channels, hub=hub, serializers=own, **options),
            PhoenixSocket("/socket", channels=channels, hub=hub),
        ]
    )


@pytest.mark.parametrize("compress", [False, True])
async def test_clients_of_four_versions_share_a_topic(compress: bool) -> None:
    async with (
        serve_app(app(websocket=WebSocketOptions(compress=compress))) as served,
        served.client("/own/websocket?vsn=3.0.4") as packed,
        served.client("/own/websocket?vsn=3.2.0") as spelled,
        served.client("/own/websocket?vsn=2.0.0") as own,
        served.client("/socket/websocket?vsn=2.0.0") as other,
    ):
        await own.join("room:1")
        await other.join("room:1")
        await packed.send(msgspec.msgpack.encode(["7", "8", "room:1", "phx_join", {}]))
        reply = msgspec.msgpack.decode(await packed.receive())
        assert reply == ["7", "8", "room:1", "phx_reply", {"status": "ok", "response": {}}]
        await spelled.send("room:1 phx_join")
        assert await spelled.connection.recv() == "room:1 phx_reply"
        await packed.send(msgspec.msgpack.encode(["7", "9", "room:1", "hi", {"n": 1}]))
        expected = [None, None, "room:1", "hi", {"vsn": "3.0.0"}]
        assert msgspec.msgpack.decode(await packed.receive()) == expected
        assert await spelled.connection.recv() == "to all: hi"
        assert await own.receive() == await other.receive() == expected
        reply = msgspec.msgpack.decode(await packed.receive())
        assert reply[4] == {"status": "ok", "response": {"n": 1}}


@pytest.mark.parametrize("vsn", ["1.0.0", "4", "", "2.1.0"])
async def test_versions_of_no_serializer_are_refused(vsn: str) -> None:
    async with serve_app(app()) as served:
        with pytest.raises(InvalidStatus) as refused:
            async with served.client(f"/own/websocket?vsn={vsn}"):
                pass
        assert refused.value.response.status_code == 403


@pytest.mark.parametrize("data", ["a b c", "room:1 nothing"])
async def test_what_cannot_be_decoded_closes_the_connection(data: str) -> None:
    async with serve_app(app()) as served, served.client("/own/websocket?vsn=3.1.0") as client:
        await client.send(data)
        with pytest.raises(ConnectionClosed):
            await client.receive()
        assert client.connection.close_code == 1011


def test_two_encodings_under_one_name_are_refused() -> None:
    class Other(V2Serializer):
        pass

    with pytest.raises(ValueError, match="V2Serializer and Other have the same lane, 'v2'"):
        PhoenixSocket(serializers=[(Other, "~> 2.0.0")])
    with pytest.raises(ValueError, match="no requirement"):
        PhoenixSocket(serializers=[(V2Serializer, "two")])
