"""Clients that have gone leave nothing behind for the garbage collector, which seldom runs."""

from __future__ import annotations

import asyncio
import gc
import json
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from tests.support.eventually import eventually
from tests.support.server import Server

CLIENTS = 10
PATIENT: dict[str, Any] = {"open_timeout": 60, "close_timeout": 60}
OURS = ("tickfire.", "uvicorn.", "starlette.")
TOPICS = (
    *("market:realtime", "market:AAA", "candles:AAA:1s", "news:all", "signals:all", "quotes:AAA"),
    *("indicators:AAA:1s:sma(9)", "health", "status"),
)


@pytest.fixture
def kept() -> Iterator[Callable[[], Counter[str]]]:
    """Yield a function that returns the objects in circles that were made since, by type."""
    gc.collect()
    gc.disable()

    def collected() -> Counter[str]:
        gc.set_debug(gc.DEBUG_SAVEALL)
        gc.collect()
        gc.set_debug(0)
        kinds = [type(one) for one in gc.garbage]
        gc.garbage.clear()
        found = Counter(f"{kind.__module__}.{kind.__qualname__}" for kind in kinds)
        return found

    yield collected
    gc.enable()


def join_all(port: int) -> None:
    with connect(f"ws://127.0.0.1:{port}/socket/websocket?vsn=2.0.0", **PATIENT) as client:
        for number, topic in enumerate(TOPICS):
            client.send(json.dumps([str(number), str(number), topic, "phx_join", {}]))
        client.send(json.dumps([None, "last", "phoenix", "heartbeat", {}]))
        while json.loads(client.recv())[1] != "last":
            pass
        client.send(json.dumps(["1", "leave", TOPICS[1], "phx_leave", {}]))
        while json.loads(client.recv())[1] != "leave":
            pass


def break_off(port: int) -> None:
    with connect(f"ws://127.0.0.1:{port}/socket/websocket?vsn=2.0.0", **PATIENT) as client:
        client.send(json.dumps(["1", "1", TOPICS[0], "phx_join", {}]))
        client.recv()
        client.socket.close()


def send_nonsense(port: int) -> None:
    with connect(f"ws://127.0.0.1:{port}/socket/websocket?vsn=2.0.0", **PATIENT) as client:
        client.send("{")
        with pytest.raises(ConnectionClosed):
            client.recv()


def be_refused(port: int) -> None:
    with pytest.raises(InvalidStatus):
        connect(f"ws://127.0.0.1:{port}/socket/websocket?vsn=9.0.0", **PATIENT)


def ask(port: int) -> None:
    for path in ("healthz", "readyz", "metrics", "nowhere"):
        httpx.get(f"http://127.0.0.1:{port}/{path}", timeout=60)


@pytest.mark.parametrize("visit", [join_all, break_off, send_nonsense, be_refused, ask])
async def test_a_client_that_has_gone_is_freed_at_once(
    visit: Callable[[int], None], server: Server, kept: Callable[[], Counter[str]]
) -> None:
    await asyncio.to_thread(visit, server.port)  # what is made once
    await eventually(lambda: not server.connections(), "it is gone")
    kept()
    for _ in range(CLIENTS):
        await asyncio.to_thread(visit, server.port)
    await eventually(lambda: not server.connections(), "they are gone")
    # The clients and the servers of the tests themselves leave circles, too.
    found = {name: count for name, count in kept().items() if count >= CLIENTS}
    assert [name for name in found if name.startswith(OURS)] == []
