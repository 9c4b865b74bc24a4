"""Nodes that are processes of their own, linked by Redis: broadcasts and disconnects reach all."""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator

import pytest
import redis.asyncio
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from tests.support.paths import ROOT
from tests.support.phoenix.serving import PATIENCE_S, Client
from tests.support.valkey import Valkey
from tickfire.phoenix import Hub, PubSub
from tickfire.phoenix.pubsub.redis import RedisAdapter

NODES = 2
STOP_TIMEOUT_S = 60


@pytest.fixture(scope="module")
def nodes(shared_valkey: Valkey) -> Iterator[list[int]]:
    """The ports of two nodes."""
    command = [sys.executable, "-m", "tests.support.phoenix.node", str(shared_valkey.port)]
    with contextlib.ExitStack() as stack:
        ports = []
        for _ in range(NODES):
            node = stack.enter_context(
                subprocess.Popen(
                    command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
                )
            )
            stack.callback(node.wait, STOP_TIMEOUT_S)
            assert node.stdin is not None
            assert node.stdout is not None
            stack.callback(node.stdin.close)
            ports.append(int(node.stdout.readline()))
        yield ports


@pytest.fixture
async def here(shared_valkey: Valkey) -> AsyncIterator[Hub]:
    """The hub of this process, which serves nobody."""
    client = redis.asyncio.Redis(port=shared_valkey.port)
    hub = Hub()
    async with PubSub(hub, RedisAdapter(client)):
        yield hub
    await client.aclose()


@contextlib.asynccontextmanager
async def client(port: int, user: str) -> AsyncIterator[Client]:
    url = f"ws://127.0.0.1:{port}/socket/websocket?vsn=2.0.0&user={user}"
    async with connect(url, compression=None) as connection:
        yield Client(connection)


async def test_a_broadcast_from_any_process_reaches_the_subscribers_of_all(
    nodes: list[int], here: Hub
) -> None:
    async with client(nodes[0], "ann") as ann, client(nodes[1], "bob") as bob:
        await ann.join("room:1")
        await bob.join("room:1")
        await here.broadcast_async("room:1", "news", {"n": 1})
        for each in (ann, bob):
            assert await each.receive() == [None, None, "room:1", "news", {"n": 1}]
        await ann.send("1", "2", "room:1", "said", {"n": 2})
        for each in (ann, bob):
            assert await each.receive() == [None, None, "room:1", "said", {"n": 2}]
        await here.broadcast_async("room:1", "bytes", b"\x00\xff")
        for each in (ann, bob):
            assert await each.receive() == b"\x02\x06\x05room:1bytes\x00\xff"


async def test_a_disconnect_from_any_process_closes_that_user_everywhere(
    nodes: list[int], here: Hub
) -> None:
    async with (
        client(nodes[0], "eve") as first,
        client(nodes[1], "eve") as second,
        client(nodes[1], "ann") as other,
    ):
        for each in (first, second, other):
            await each.join("room:2")
        await here.disconnect("users:eve")
        for each in (first, second):
            async with asyncio.timeout(PATIENCE_S):
                with pytest.raises(ConnectionClosed):
                    await each.connection.recv()
            assert each.connection.close_code == 1001
        await other.heard_nothing()
