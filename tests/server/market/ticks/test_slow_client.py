"""A client that stops reading: it costs bounded memory, holds up nobody, and misses nothing."""

from __future__ import annotations

import asyncio
import json
import os
import socket
from typing import Any

import pytest

from tests.support.eventually import eventually
from tests.support.publisher import Publisher, trades
from tests.support.server import Server
from tickfire.server.market.epoch.reader import StreamReader
from tickfire.server.market.ticks.positions import WireId
from tickfire.server.market.ticks.subscription import HIGH_WATER

BATCH = 3_000
ENOUGH = 60_000
"""Ticks: more than the kernel's own buffers and the high-water mark take."""
ONE_READ = 1 << 20
"""The most bytes that are encoded of one read from Redis."""


class RawClient:
    """A WebSocket client that reads only on request."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16 << 10)
        self._data = b""
        self._socket.settimeout(20)

    def close(self) -> None:
        self._socket.close()

    def connect(self, port: int) -> None:
        self._socket.sendall(
            b"GET /socket/websocket?vsn=2.0.0 HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n"
            b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n" % port
        )
        while b"\r\n\r\n" not in self._data:
            self._fill()
        self._data = self._data.partition(b"\r\n\r\n")[2]

    def join(self, topic: str, payload: Any) -> None:
        text = json.dumps(["1", "1", topic, "phx_join", payload]).encode()
        mask = os.urandom(4)
        masked = bytes(byte ^ mask[i % 4] for i, byte in enumerate(text))
        head = (
            bytes((0x81, 0x80 | len(text)))
            if len(text) < 126
            else (bytes((0x81, 0x80 | 126)) + len(text).to_bytes(2, "big"))
        )
        self._socket.sendall(head + mask + masked)

    def message(self) -> list[Any]:
        """Read one message."""
        while (frame := self._frame()) is None:
            self._fill()
        message: list[Any] = json.loads(frame)
        return message

    def _frame(self) -> bytes | None:
        data = self._data
        if len(data) < 4:
            return None
        size, at = data[1], 2
        if size == 126:
            size, at = int.from_bytes(data[2:4], "big"), 4
        if len(data) < at + size:
            return None
        self._data = data[at + size :]
        return data[at : at + size]

    def _fill(self) -> None:
        chunk = self._socket.recv(1 << 20)
        assert chunk, "closed"
        self._data += chunk


async def behind(server: Server, publisher: Publisher) -> RawClient:
    """Return a client that joined, stopped to read, and has fallen behind."""
    slow = RawClient(server.port)
    await asyncio.to_thread(slow.connect, server.port)
    slow.join("market:realtime", {})
    assert (await asyncio.to_thread(slow.message))[3] == "phx_reply"
    while not catching_up(server):
        assert publisher.positions[0] < 4 * ENOUGH, "it never falls behind"
        publisher.publish(trades(BATCH), entry_size=100)
        await server.reaches(publisher)
    return slow


def catching_up(server: Server) -> bool:
    return server.market.metrics.registry.get_sample_value("tickfire_catching_up") == 1


async def ticks_of(slow: RawClient, last: str) -> list[Any]:
    """Read until the tick of an id; return all messages."""

    def read() -> list[Any]:
        got = [slow.message()]
        while got[-1][4].get("id") != last:
            got.append(slow.message())
        return got

    return await asyncio.to_thread(read)


@pytest.mark.parametrize("memory", [True, False], ids=["memory", "redis"])
async def test_it_gets_everything_once_it_reads_on(
    server: Server, publisher: Publisher, monkeypatch: pytest.MonkeyPatch, memory: bool
) -> None:
    if not memory:
        monkeypatch.setattr(StreamReader, "recent", lambda self, position: None)
    quick = await (await server.client()).join("market:realtime")
    slow = await behind(server, publisher)
    for _ in range(0, ENOUGH, BATCH):
        publisher.publish(trades(BATCH), entry_size=100)
        await quick.count("tick", publisher.positions[0])
        most = max(s.socket.outlet.buffered for s in server.market.subscriptions)
        assert most < HIGH_WATER + ONE_READ
    sample = server.market.metrics.registry.get_sample_value
    assert sample("tickfire_catch_ups_total", {"why": "slow"}) == 1
    got = await ticks_of(slow, quick.of("tick")[-1]["id"])
    assert {message[3] for message in got} == {"tick"}
    assert [message[4] for message in got] == quick.of("tick")
    await eventually(lambda: not catching_up(server), "it is live again")
    publisher.publish(trades(5))
    live = await ticks_of(slow, (await quick.count("tick", len(got) + 5))[-1]["id"])
    assert [message[4] for message in live] == quick.of("tick")[-5:]
    slow.close()


def position_of(wire_id: str) -> int:
    return WireId.parse(wire_id).parts[0].positions[0]


async def test_it_is_told_what_was_trimmed_meanwhile(
    server: Server, publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(StreamReader, "recent", lambda self, position: None)
    slow = await behind(server, publisher)
    publisher.publish(trades(ENOUGH), entry_size=100)
    await server.reaches(publisher)
    newest = publisher.positions[0]
    publisher.trim(newest - 1000)
    got = await ticks_of(slow, publisher.id(newest))
    (gap,) = [message[4] for message in got if message[3] == "gap"]
    begin, end = (WireId.parse(gap[side]).parts[0].positions[0] for side in ("from", "to"))
    ids = [
        WireId.parse(message[4]["id"]).parts[0].positions[0]
        for message in got
        if message[3] == "tick"
    ]
    assert ids == [*range(1, begin + 1), *range(end + 1, newest + 1)]
    slow.close()


async def test_a_slow_client_that_leaves_is_forgotten(server: Server, publisher: Publisher) -> None:
    slow = await behind(server, publisher)
    slow.close()
    await eventually(lambda: not catching_up(server), "it is forgotten")
    assert not len(server.market.subscriptions)
