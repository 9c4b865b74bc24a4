"""The whole way through uvicorn: join, push, reply, broadcast, leave, and the fast lane."""

from __future__ import annotations

import asyncio
from typing import Any

from tests.support.phoenix.serving import serve
from tickfire.phoenix import (
    Channel,
    Hub,
    JoinError,
    Reply,
    Socket,
    Stop,
    V2Serializer,
    frame_binary,
    frame_text,
)

OK: dict[str, Any] = {"status": "ok", "response": {}}


class Room(Channel):
    async def handle_in(self, event: str, payload: Any, socket: Socket) -> Any:
        if event == "shout":
            await socket.broadcast("shout", payload)
            return Reply()
        if event == "whisper":
            await socket.broadcast_from("shout", payload)
            return Reply()
        if event == "stop":
            return Stop()
        return Reply({"echo": payload})


async def test_a_client_joins_and_receives_a_broadcast() -> None:
    hub = Hub()
    async with serve({"room:*": Room}, hub) as served, served.client() as client:
        assert await client.join("room:1") == {}
        hub.local_broadcast("room:1", "news", {"n": 1})
        assert await client.receive() == [None, None, "room:1", "news", {"n": 1}]
        hub.local_broadcast("room:2", "news", {"n": 2})
        await client.heard_nothing()


async def test_a_broadcast_reaches_its_sender_before_the_reply() -> None:
    async with serve({"room:*": Room}) as served, served.client() as a, served.client() as b:
        await a.join("room:1")
        await b.join("room:1", ref="7")
        await a.send("1", "2", "room:1", "shout", {"x": 1})
        assert await a.receive() == [None, None, "room:1", "shout", {"x": 1}]
        assert await a.receive() == ["1", "2", "room:1", "phx_reply", OK]
        assert await b.receive() == [None, None, "room:1", "shout", {"x": 1}]
        await a.send("1", "3", "room:1", "whisper", {"x": 2})
        assert await a.receive() == ["1", "3", "room:1", "phx_reply", OK]
        assert await b.receive() == [None, None, "room:1", "shout", {"x": 2}]


async def test_a_binary_broadcast_is_of_kind_2() -> None:
    hub = Hub()
    async with serve({"room:*": Room}, hub) as served, served.client() as client:
        await client.join("room:1")
        hub.local_broadcast("room:1", "bin", b"\x00\xff")
        assert await client.receive() == b"\x02\x06\x03room:1bin\x00\xff"


async def test_a_custom_lane_gets_its_own_writes_and_no_broadcasts() -> None:
    class Packed(Channel):
        async def join(self, topic: str, payload: Any, socket: Socket) -> Any:
            socket.outlet.lane = "packed"

    hub = Hub()
    async with serve({"room:*": Packed}, hub) as served, served.client() as client:
        assert hub.lanes("room:1") == ()
        await client.join("room:1")
        assert set(hub.lanes("room:1")) == {"packed"}
        hub.local_broadcast("room:1", "news", {})
        hub.write("room:1", "packed", frame_binary(b"ticks") + frame_text(b'"more"'))
        assert await client.receive() == b"ticks"
        assert await client.receive() == "more"


async def test_frames_sent_during_a_join_follow_its_reply() -> None:
    joining, go_on = asyncio.Event(), asyncio.Event()

    class Slow(Channel):
        async def join(self, topic: str, payload: Any, socket: Socket) -> Any:
            socket.push("first", {})
            joining.set()
            await go_on.wait()
            socket.outlet.write(V2Serializer().encode_push("1", topic, "last", {}))
            return {"joined": True}

    hub = Hub()
    async with serve({"room:*": Slow}, hub) as served, served.client() as client:
        await client.send("1", "1", "room:1", "phx_join", {})
        await client.send(None, "2", "phoenix", "heartbeat", {})
        await joining.wait()
        hub.local_broadcast("room:1", "meanwhile", {})
        go_on.set()
        joined = {"status": "ok", "response": {"joined": True}}
        assert await client.receive() == ["1", "1", "room:1", "phx_reply", joined]
        events = [(await client.receive())[3] for _ in range(3)]
        assert events == ["first", "meanwhile", "last"]
        assert await client.receive() == [None, "2", "phoenix", "phx_reply", OK]


async def test_a_refused_join_gets_nothing_of_the_topic() -> None:
    class Closed(Channel):
        async def join(self, topic: str, payload: Any, socket: Socket) -> Any:
            socket.hub.local_broadcast(topic, "news", {})
            raise JoinError({"reason": "no"})

    hub = Hub()
    async with serve({"room:*": Closed}, hub) as served, served.client() as client:
        await client.send("1", "1", "room:1", "phx_join", {})
        refused = {"status": "error", "response": {"reason": "no"}}
        assert await client.receive() == ["1", "1", "room:1", "phx_reply", refused]
        assert not hub.topics()
        await client.heard_nothing()


async def test_an_ended_connection_leaves_no_subscribers_in_the_hub() -> None:
    ended = asyncio.Event()

    class Watched(Channel):
        async def terminate(self, reason: Any, socket: Socket) -> None:
            assert reason == ("shutdown", "closed")
            ended.set()

    hub = Hub()
    async with serve({"room:*": Watched}, hub) as served:
        async with served.client() as client:
            await client.join("room:1")
            assert set(hub.topics()) == {"room:1"}
        async with asyncio.timeout(60):
            await ended.wait()
    assert not hub.topics()
