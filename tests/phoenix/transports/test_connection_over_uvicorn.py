"""Behaviour of real connections: pings, closes, idle clients, slow readers, shutdown."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from time import perf_counter
from typing import Any

import pytest
import uvloop

from tests.support.clock import Clock
from tests.support.eventually import eventually
from tests.support.phoenix.rawclient import CLOSE, PING, TEXT, RawWebSocket, frame, open_websocket
from tests.support.phoenix.serving import Served, serve
from tickfire.phoenix import Channel, Hub, Reply, Socket, WebSocketOptions
from tickfire.phoenix.core.turns import TURN_S
from tickfire.phoenix.transports.uvicorn import protocol

PATIENCE_S = 60.0
BIG = 300_000


class Room(Channel):
    def __init__(self) -> None:
        self.missed = 0

    async def handle_in(self, event: str, payload: Any, socket: Socket) -> Any:
        if event == "abort":
            socket.abort()
            return None
        if event == "close":
            socket.close(4001)
            return None
        return Reply(payload)


@contextlib.asynccontextmanager
async def raw(served: Served) -> Any:
    socket, step = await open_websocket(
        "c", "127.0.0.1", served.port, "/socket/websocket?vsn=2.0.0"
    )
    assert socket is not None, step
    try:
        yield socket
    finally:
        await socket.end()


async def close_and_eof(socket: RawWebSocket) -> int | None:
    step = await socket.next(PATIENCE_S)
    assert step is not None
    assert step["op"] == "recv_close", step
    eof = await socket.next(PATIENCE_S)
    assert eof is not None
    assert eof["op"] == "eof"
    code = step["code"]
    assert code is None or isinstance(code, int)
    return code


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        pytest.param(frame(CLOSE, b"\x03\xe8"), 1000, id="close"),
        pytest.param(frame(CLOSE, b""), 1000, id="close without a code"),
        pytest.param(frame(CLOSE, b"\x03\xed"), 1002, id="close with a reserved code"),
        pytest.param(frame(TEXT, b"[]"), 1011, id="no message"),
        pytest.param(frame(TEXT, b"\xff"), 1007, id="invalid UTF-8"),
        pytest.param(frame(TEXT, b"x" * 2_000), 1009, id="frame too long"),
        pytest.param(frame(3, b""), 1002, id="unknown opcode"),
        pytest.param(
            frame(TEXT, b'["1","1","room:1","phx_join",{}]') + frame(TEXT, b"[]") * 5_000,
            1011,
            id="many bad messages",
        ),
    ],
)
async def test_the_server_closes_with_a_code_then_ends_the_connection(
    sent: bytes, code: int
) -> None:
    options = WebSocketOptions(max_frame_size=1_000)
    async with serve({"room:*": Room}, websocket=options) as served, raw(served) as socket:
        await socket.send(sent)
        if code == 1011 and len(sent) > 1_000:
            reply = await socket.next(PATIENCE_S)
            assert reply is not None
            assert reply["op"] == "recv"
        assert await close_and_eof(socket) == code


async def test_a_ping_is_answered_at_any_time() -> None:
    async with serve({"room:*": Room}) as served, raw(served) as socket:
        await socket.send(frame(TEXT, b"[", fin=False) + frame(PING, b"hi"))
        pong = await socket.next(PATIENCE_S)
        assert pong is not None
        assert (pong["op"], pong["data"]) == ("recv_pong", "aGk=")


async def test_a_channel_may_close_or_drop_its_connection() -> None:
    async with serve({"room:*": Room}) as served:
        async with raw(served) as socket:
            await socket.send(frame(TEXT, b'["1","1","room:1","phx_join",{}]'))
            await socket.next(PATIENCE_S)
            await socket.send(frame(TEXT, b'["1","2","room:1","close",{}]'))
            assert await close_and_eof(socket) == 4001
        async with raw(served) as socket:
            await socket.send(frame(TEXT, b'["1","1","room:1","phx_join",{}]'))
            await socket.next(PATIENCE_S)
            await socket.send(frame(TEXT, b'["1","2","room:1","abort",{}]'))
            step = await socket.next(PATIENCE_S)
            assert step is not None
            assert step["op"] == "eof"


async def test_idle_connections_are_closed_unless_they_ping() -> None:
    options = WebSocketOptions(idle_timeout_s=0.4)
    async with (
        serve({"room:*": Room}, websocket=options) as served,
        raw(served) as silent,
        raw(served) as talking,
    ):
        silenced = asyncio.Event()

        async def ping() -> None:
            while not silenced.is_set():
                await talking.send(frame(PING))
                step = await talking.next(PATIENCE_S)
                assert step is not None
                assert step["op"] == "recv_pong"

        pinging = asyncio.create_task(ping())
        assert await close_and_eof(silent) == 1002
        silenced.set()
        await pinging
        while (step := await talking.next(PATIENCE_S)) and step["op"] == "recv_pong":
            pass
        assert step is not None
        assert step["code"] == 1002


async def test_on_shutdown_every_socket_is_closed_with_1012() -> None:
    async with serve({"room:*": Room}) as served, raw(served) as a, raw(served) as b:
        served.server.stop()
        for socket in (a, b):
            assert await close_and_eof(socket) == 1012


async def first_closed(sockets: list[RawWebSocket], count: int) -> list[RawWebSocket]:
    """Wait until so many of some sockets are closed, and return those that are."""
    await eventually(lambda: sum(bool(each.arrived) for each in sockets) >= count, "a batch")
    return [each for each in sockets if each.arrived]


async def test_very_many_sockets_are_closed_in_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    options = WebSocketOptions(drain_batch_size=2, drain_interval_s=10.0)
    async with (
        serve({"room:*": Room}, websocket=options) as served,
        contextlib.AsyncExitStack() as stack,
    ):
        left = [await stack.enter_async_context(raw(served)) for _ in range(5)]
        clock = Clock(monkeypatch)
        served.server.stop()
        for size in (2, 2, 1):
            closed = await first_closed(left, size)
            assert [await close_and_eof(each) for each in closed] == [1012] * size
            left = [each for each in left if each not in closed]
            for each in left:
                await each.send(frame(PING))
                step = await each.next(PATIENCE_S)
                assert step is not None
                assert step["op"] == "recv_pong"
            await clock.forward(10.0)


class Slow:
    """A client that does not read."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def read_frames(self, is_enough: Callable[[list[bytes]], bool]) -> list[bytes]:
        """Read what has been sent, until it is enough or the connection ends."""
        frames: list[bytes] = []
        with contextlib.suppress(asyncio.IncompleteReadError, OSError):
            async with asyncio.timeout(PATIENCE_S):
                while not is_enough(frames):
                    _, size = await self.reader.readexactly(2)
                    if size >= 126:
                        wide = 2 if size == 126 else 8
                        size = int.from_bytes(await self.reader.readexactly(wide), "big")
                    frames.append(await self.reader.readexactly(size))
        return frames


@contextlib.asynccontextmanager
async def slow_client(served: Served) -> Any:
    reader, writer = await asyncio.open_connection("127.0.0.1", served.port, limit=1 << 10)
    writer.write(
        b"GET /socket/websocket?vsn=2.0.0 HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\n"
        b"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    await reader.readuntil(b"\r\n\r\n")
    writer.write(frame(TEXT, b'["1","1","room:1","phx_join",{}]'))
    try:
        yield Slow(reader, writer)
    finally:
        writer.close()


async def test_a_slow_reader_gets_on_overflow_and_then_on_writable() -> None:
    joined, overflowed, writable = asyncio.Event(), asyncio.Event(), asyncio.Event()
    missed: list[int] = []

    class Conflating(Channel):
        async def join(self, topic: str, payload: Any, socket: Socket) -> Any:
            def on_overflow(count: int) -> None:
                missed.append(count)
                if not overflowed.is_set():
                    overflowed.set()
                    socket.outlet.on_writable(on_writable)

            def on_writable() -> None:
                socket.push("back", {"missed": sum(missed)})
                writable.set()

            socket.outlet.on_overflow = on_overflow
            joined.set()

    hub = Hub(write_limit=1 << 20)
    options = WebSocketOptions(high_water=10_000, low_water=1_000)
    async with (
        serve({"room:*": Conflating}, hub, websocket=options) as served,
        slow_client(served) as slow,
    ):
        await asyncio.wait_for(joined.wait(), PATIENCE_S)
        sent = 0
        async with asyncio.timeout(PATIENCE_S):
            while not overflowed.is_set():
                hub.local_broadcast("room:1", "news", {"n": sent, "pad": "x" * BIG})
                sent += 1
                await asyncio.sleep(0)
        for _ in range(5):
            hub.local_broadcast("room:1", "news", {"n": sent, "pad": "x" * BIG})
            sent += 1
            await asyncio.sleep(0)
        frames = await slow.read_frames(lambda frames: b'"back"' in b"".join(frames[-1:]))
        await asyncio.wait_for(writable.wait(), PATIENCE_S)
        news = [each for each in frames if b'"news"' in each]
        assert len(news) == sent - sum(missed)
        assert b'"back"' in frames[-1]
        assert hub.stats.aborted == 0


async def test_a_slow_reader_without_on_overflow_is_dropped_and_counted() -> None:
    hub = Hub(write_limit=1 << 20)
    async with (
        serve({"room:*": Room}, hub) as served,
        slow_client(served),
        served.client() as quick,
    ):
        await quick.join("room:1")
        async with asyncio.timeout(PATIENCE_S):
            while not hub.stats.aborted:
                hub.local_broadcast("room:1", "news", {"pad": "x" * BIG})
                assert (await quick.receive())[3] == "news"
        assert hub.stats.aborted == 1
        hub.local_broadcast("room:1", "news", {"n": "after"})
        assert (await quick.receive())[4] == {"n": "after"}


class Patient(Channel):
    """A channel that writes nothing to a congested connection."""

    async def join(self, topic: str, payload: Any, socket: Socket) -> Any:
        socket.outlet.on_overflow = lambda missed: None


async def test_a_client_that_only_sends_heartbeats_is_closed_with_a_reason() -> None:
    hub = Hub()
    async with (
        serve({"room:*": Patient}, hub, send_timeout_s=0.2) as served,
        slow_client(served) as slow,
    ):
        async with asyncio.timeout(PATIENCE_S):
            while not hub.stats.stalled:
                hub.local_broadcast("room:1", "news", {"pad": "x" * BIG})
                slow.writer.write(frame(TEXT, b'[null,"2","phoenix","heartbeat",{}]'))
                await asyncio.sleep(0)
        frames = await slow.read_frames(lambda frames: False)
        assert frames[-1] == (1013).to_bytes(2, "big") + b"slow"


async def test_a_client_that_does_not_read_does_not_hold_up_the_end_of_the_server(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(protocol, "SLOW_LINGER_S", 1_000.0)
    monkeypatch.setattr(protocol, "LINGER_S", 0.1)
    hub = Hub()
    async with (
        serve({"room:*": Patient}, hub, send_timeout_s=0.1) as served,
        slow_client(served),
    ):
        async with asyncio.timeout(PATIENCE_S):
            while not hub.stats.stalled:
                hub.local_broadcast("room:1", "news", {"pad": "x" * BIG})
                await asyncio.sleep(0)
        served.server.stop()
        await eventually(lambda: not served.server.server_state.connections, "all have ended")


async def test_reading_is_paused_for_a_client_that_sends_without_reading() -> None:
    async with serve({"room:*": Room}) as served, slow_client(served) as slow:
        ask = frame(TEXT, b'["1","2","room:1","echo",{"pad":"%b"}]' % (b"x" * BIG))
        asked = 0
        with contextlib.suppress(TimeoutError):
            while True:
                slow.writer.write(ask)
                asked += 1
                async with asyncio.timeout(0.5):
                    await slow.writer.drain()
        assert asked * BIG < 100 << 20
        frames = await slow.read_frames(lambda frames: len(frames) > asked)
        assert len([each for each in frames if b"phx_reply" in each]) == asked + 1


async def a_client_goes_while_its_messages_wait() -> None:
    """A client sends more than a turn has time for, and is gone; another hears what follows."""
    handled, ended = [], []

    class Busy(Room):
        async def handle_in(self, event: str, payload: Any, socket: Socket) -> Any:
            until = perf_counter() + TURN_S / 4
            while perf_counter() < until:
                pass
            handled.append(payload)
            return Reply(payload)

        async def terminate(self, reason: Any, socket: Socket) -> None:
            ended.append(reason)

    messages = [frame(TEXT, b'["1","%d","room:1","echo",%d]' % (at, at)) for at in range(100)]
    hub = Hub()
    async with (
        serve({"room:1": Busy, "room:2": Room}, hub) as served,
        served.client() as other,
        slow_client(served) as sender,
    ):
        await other.join("room:2")
        sender.writer.write(frame(TEXT, b'["2","2","room:2","phx_join",{}]') + b"".join(messages))
        await eventually(lambda: bool(handled), "a message is handled")
        sender.writer.transport.abort()
        told = 0
        async with asyncio.timeout(PATIENCE_S):
            while not ended:
                hub.local_broadcast("room:2", "told", {"n": told})
                assert (await other.receive())[3:] == ["told", {"n": told}]
                told += 1
        assert told > 1
        assert handled == [*range(100)]
        await eventually(lambda: hub.stats.sessions == 1, "the session ends")


@pytest.mark.parametrize("run", [asyncio.run, uvloop.run], ids=["asyncio", "uvloop"])
def test_a_client_that_goes_while_its_messages_wait_fails_no_broadcast(
    run: Callable[[Any], None], caplog: pytest.LogCaptureFixture
) -> None:
    run(a_client_goes_while_its_messages_wait())
    assert [each for each in caplog.records if each.levelno >= logging.ERROR] == []
