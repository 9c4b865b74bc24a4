"""tickfire.client against a running app: both transports, both versions, losses and returns."""

from __future__ import annotations

import asyncio
import base64
import logging
import traceback
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection, serve

from tests.conformance.clients.app_process import AppProcess
from tests.conformance.clients.place import Place
from tests.support.clock import Clock
from tests.support.eventually import eventually
from tickfire.base.ports import free_port
from tickfire.client import (
    ChannelClosedError,
    ConnectionFailedError,
    ConnectionLostError,
    JoinRefusedError,
    Phoenix,
    Presence,
    PushRefusedError,
    ReplyTimeoutError,
)
from tickfire.client import sync as blocking
from tickfire.client.channels import buffer

WAYS = {
    "websocket": {},
    "v1": {"vsn": "1.0.0"},
    "longpoll": {"transport": "longpoll"},
    "longpoll-v1": {"transport": "longpoll", "vsn": "1.0.0"},
}
ways = pytest.mark.parametrize("way", WAYS)


def soon(_: int) -> float:
    return 0.05


def has(items: list[Any], count: int) -> bool:
    return len(items) >= count


def phoenix(app: AppProcess, way: str = "websocket", **options: Any) -> Phoenix:
    times: dict[str, Callable[[int], float]] = {"reconnect_after_s": soon, "rejoin_after_s": soon}
    return Phoenix(f"ws://127.0.0.1:{app.port}/socket", **times, **WAYS[way], **options)


@ways
async def test_no_log_line_has_a_secret(
    app: AppProcess, way: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    secrets = {"params": {"api_key": "hunter2"}, "auth_token": "hunter2"}
    options = {**secrets, "headers": {"X-Key": "hunter2"}, **WAYS[way]}
    async with Phoenix(f"ws://ann:hunter2@127.0.0.1:{app.port}/socket", **options) as socket:
        room = socket.channel("room:ours", {})
        await room.join()
        await room.push("echo", {})
        assert "hunter2" not in repr(socket.options)
    wrong = (
        *(f"ws://ann:hunter2@127.0.0.1:{port}/x" for port in (free_port(), "port", 0, 65536)),
        *("ws://ann:hunter2@/x", "ws://ann:hunter2@[::1/x", "ftp://host/?token=hunter2"),
    )
    for url in wrong:
        with pytest.raises((ValueError, ConnectionFailedError)) as error:
            await Phoenix(url, **options).connect()
        assert "hunter2" not in "".join(traceback.format_exception(error.value))
    assert "hunter2" not in caplog.text
    encoded = base64.b64encode(b"hunter2").decode().rstrip("=")
    assert encoded not in caplog.text and "token=" not in caplog.text


@pytest.mark.parametrize("way", ["websocket", "longpoll"])
async def test_events_that_nobody_takes_stop_the_reading_and_are_not_lost(
    app: AppProcess, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(buffer, "HIGH", 50)
    async with phoenix(app, way) as slow, phoenix(app) as quick:
        room = slow.channel("room:slow")
        await room.join()
        events = room.events()
        first = asyncio.ensure_future(anext(events))
        await asyncio.sleep(0)
        talking = quick.channel("room:slow")
        await talking.join()
        for number in range(200):
            await talking.push("broadcast", {"n": number})
        assert await first == ("shout", {"n": 0})
        await eventually(lambda: bool(slow._pauses), "nothing more is read")
        got = [await asyncio.wait_for(anext(events), 60) for _ in range(199)]
        assert [payload["n"] for _, payload in got] == list(range(1, 200))
        await events.aclose()
        assert not slow._pauses


async def test_nothing_piles_up_while_there_is_no_server(app: AppProcess) -> None:
    socket = phoenix(app, timeout_s=0.05)
    channels = [socket.channel(f"room:{number}") for number in range(20)]
    joins = [channel.join() for channel in channels]
    assert len(socket._buffer) == 20
    pushes = [channels[0].push("echo", {}) for _ in range(20)]
    await asyncio.gather(*joins, *pushes, return_exceptions=True)
    assert len(socket._buffer) == 0 == len(channels[0]._waiting)


@ways
async def test_a_conversation(app: AppProcess, way: str) -> None:
    async with phoenix(app, way) as socket:
        room = socket.channel("room:ours", {"n": 1})
        assert await room.join() == {"topic": "room:ours", "params": {"n": 1}}
        heard: list[Any] = []
        room.on("shout", heard.append)
        assert await room.push("echo", {"deep": [1, None, "é"]}) == {"deep": [1, None, "é"]}
        assert await room.push("broadcast", {"loud": 1}) == {}
        await eventually(lambda: heard == [{"loud": 1}], "the broadcast")
        with pytest.raises(JoinRefusedError, match="unauthorized") as refused:
            await socket.channel("room:deny").join()
        assert refused.value.reason == "unauthorized"
        with pytest.raises(JoinRefusedError, match="unmatched topic"):
            await socket.channel("nosuch").join()
        assert await room.leave() == {}
        assert room.state == "closed"
        with pytest.raises(ChannelClosedError):
            room.push("echo")


async def test_replies_in_error_and_late_ones(app: AppProcess) -> None:
    async with phoenix(app) as socket:
        room = socket.channel("room:late")
        await room.join()
        with pytest.raises(PushRefusedError) as refused:
            await room.push("echo_error", {"no": True})
        assert refused.value.status == "error"
        with pytest.raises(ReplyTimeoutError, match=r"within 0\.05 s"):
            await room.push("noreply", {}, timeout_s=0.05)


@pytest.mark.parametrize("way", ["websocket", "longpoll"])
async def test_binary_messages(app: AppProcess, way: str) -> None:
    async with phoenix(app, way) as sender, phoenix(app) as other:
        room, hearer = sender.channel("room:binary"), other.channel("room:binary")
        heard: list[Any] = []
        hearer.on("shout", heard.append)
        await asyncio.gather(room.join(), hearer.join())
        room.push("broadcast_from", b"\x00\xff\x01")
        await eventually(lambda: heard == [b"\x00\xff\x01"], "the broadcast")
        assert await hearer.push("echo", b"\x00\xff\x02") == b"\x00\xff\x02"


async def test_events_are_iterated_over(app: AppProcess) -> None:
    async with phoenix(app) as socket:
        room = socket.channel("room:iterated")
        events = room.events()
        next_event = asyncio.ensure_future(anext(events))
        await room.join()
        await room.push("broadcast", {"n": 1})
        assert await next_event == ("shout", {"n": 1})
        rest = asyncio.ensure_future(anext(events, None))
        await asyncio.sleep(0)
        room.leave()
        assert await rest is None


@ways
async def test_a_crashed_channel_is_joined_again(app: AppProcess, way: str) -> None:
    async with phoenix(app, way) as socket:
        room = socket.channel("room:crashing")
        joins: list[Any] = []
        room.on_join(joins.append)
        await room.join()
        room.push("raise", {})
        await eventually(lambda: len(joins) == 2, "the second join")
        assert await room.push("echo", {"again": 1}) == {"again": 1}


@pytest.mark.parametrize(
    ("way", "how"), [("websocket", "kill"), ("websocket", "restart"), ("longpoll", "kill")]
)
async def test_it_comes_back_after_a_loss(app: AppProcess, way: str, how: str) -> None:
    async with phoenix(app, way) as socket:
        room = socket.channel("room:lost")
        joins: list[Any] = []
        room.on_join(joins.append)
        await room.join()
        lost = room.push("noreply", {})
        await asyncio.to_thread(app.do, how)
        await eventually(lambda: len(joins) >= 2, "the rejoin")
        if way == "websocket":
            with pytest.raises(ConnectionLostError):
                await lost
        assert await room.push("echo", {"back": 1}) == {"back": 1}


async def test_a_push_waits_for_the_join(app: AppProcess) -> None:
    async with phoenix(app) as socket:
        room = socket.channel("room:waiting")
        with pytest.raises(RuntimeError, match="call join"):
            room.push("echo")
        room.join()
        assert await room.push("echo", {"early": 1}) == {"early": 1}
        with pytest.raises(RuntimeError, match="called before"):
            room.join()


async def test_a_second_channel_of_a_topic_replaces_the_first(app: AppProcess) -> None:
    async with phoenix(app) as socket:
        first, second = socket.channel("room:twice"), socket.channel("room:twice")
        await first.join()
        await second.join()
        assert (first.state, second.state) == ("closed", "joined")
        assert await second.push("echo", {"n": 2}) == {"n": 2}


@ways
async def test_presence(app: AppProcess, way: str) -> None:
    async with phoenix(app, way) as one, phoenix(app, way) as other:
        topic = f"presence:{way}"
        desk = one.channel(topic, {"user": "ann", "meta": {"at": "desk"}})
        presence = Presence(desk)
        seen: list[tuple[str, str]] = []
        presence.on_join(lambda key, before, entry: seen.append(("came", key)))
        presence.on_leave(lambda key, left, entry: seen.append(("gone", key)))
        await desk.join()
        bob = other.channel(topic, {"user": "bob"})
        await bob.join()
        await eventually(lambda: set(presence.state) == {"ann", "bob"}, "both")
        await bob.leave()
        await eventually(lambda: set(presence.state) == {"ann"}, "bob is gone")
        assert seen[-1] == ("gone", "bob")
        assert presence.list()[0][1]["metas"][0]["at"] == "desk"


@pytest.mark.parametrize("proxy", ["refusing", "silent"])
async def test_it_falls_back_to_long_poll(place: Place, proxy: str) -> None:
    port = getattr(place, proxy).port
    url = f"ws://127.0.0.1:{port}/socket"
    async with Phoenix(url, longpoll_fallback_s=0.3) as socket:
        assert socket.transport_name == "longpoll"
        room = socket.channel("room:fallback")
        await room.join()
        assert await room.push("echo", {"polled": True}) == {"polled": True}


async def test_heartbeats_are_answered_and_measured(
    app: AppProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock(monkeypatch)
    async with phoenix(app, heartbeat_interval_s=100.0) as socket:
        closes: list[int] = []
        socket.on_close(lambda code, _: closes.append(code))
        beats: list[Any] = []
        socket.on_message(beats.append)
        assert 0 < await socket.ping() < 60
        for count in range(2, 5):
            await clock.forward(100.0)
            await eventually(partial(has, beats, count), "a heartbeat")
        assert closes == []


async def test_it_falls_back_from_a_websocket_that_passes_nothing_on() -> None:
    async def swallow(connection: ServerConnection) -> None:
        async for _ in connection:
            pass

    async with serve(swallow, "127.0.0.1", 0) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        socket = Phoenix(f"ws://127.0.0.1:{port}/socket", longpoll_fallback_s=1.0)
        await socket.connect()
        await eventually(lambda: socket.transport_name == "longpoll", "the fallback")
        await socket.disconnect()


async def test_an_error_of_the_token_function_is_raised(app: AppProcess) -> None:
    def token() -> str:
        raise LookupError("no token")

    with pytest.raises(LookupError, match="no token"):
        await phoenix(app, auth_token=token).connect()


async def test_it_disconnects_while_it_is_paused(app: AppProcess) -> None:
    async with phoenix(app) as socket:
        room = socket.channel("room:paused")
        await room.join()
        socket.pause("test")
        room.push("push_me", {})
        room.push("push_me", {})
        await asyncio.sleep(0)
    assert room.state == "closed"


async def test_an_address_that_nobody_serves_is_a_clear_error() -> None:
    with pytest.raises(ConnectionFailedError, match="cannot be reached"):
        async with Phoenix("ws://127.0.0.1:9/socket"):
            pass
    with pytest.raises(ValueError, match="is no address of a socket"):
        Phoenix("/socket")
    with pytest.raises(ValueError, match="is not known"):
        Phoenix("ws://127.0.0.1/socket", vsn="3.0.0")


@pytest.mark.parametrize("way", ["websocket", "longpoll"])
async def test_a_refusal_names_its_status(app: AppProcess, way: str) -> None:
    with pytest.raises(ConnectionFailedError, match="status 403") as refused:
        await phoenix(app, way, params={"token": "bad"}).connect(patience_s=60)
    assert refused.value.is_refusal


def test_the_same_without_async(app: AppProcess) -> None:
    with blocking.Phoenix(f"ws://127.0.0.1:{app.port}/socket") as socket:
        room = socket.channel("room:sync", {"n": 1})
        assert room.join() == {"topic": "room:sync", "params": {"n": 1}}
        assert room.push("echo", {"a": 1}) == {"a": 1}
        with pytest.raises(JoinRefusedError):
            socket.channel("room:deny").join()
        room.leave()
        assert room.state == "closed"


async def test_presence_without_asyncio(app: AppProcess) -> None:
    seen: list[Any] = []
    with blocking.Phoenix(f"ws://127.0.0.1:{app.port}/socket") as socket:
        desk = socket.channel("presence:blocking", {"user": "ann"})
        presence = Presence(desk)
        desk.on_join(lambda response: seen.append("joined"))
        desk.on_close(lambda reason: seen.append("closed"))
        assert not desk.is_joined
        await asyncio.to_thread(desk.join)
        assert desk.is_joined
        await eventually(lambda: set(presence.state) == {"ann"}, "ann")
        await asyncio.to_thread(desk.leave)
    assert seen == ["joined", "closed"]
