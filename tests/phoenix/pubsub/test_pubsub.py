"""PubSub: one contract for every adapter, and what a hub makes of it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
import redis.asyncio
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from tests.support.cluster import resume, suspend
from tests.support.eventually import eventually
from tests.support.phoenix.fakes import Talk
from tests.support.valkey import Valkey, two_nodes
from tickfire.phoenix import Channel, Hub, Reply, Socket
from tickfire.phoenix.pubsub import Adapter, MemoryAdapter, MemoryBus, PubSub
from tickfire.phoenix.pubsub import redis as adapter_module
from tickfire.phoenix.pubsub.redis import RedisAdapter

PATIENCE_S = 60.0
KINDS = ["memory", "redis", "cluster"]

type MakeAdapter = Callable[[], Adapter]


@pytest.fixture(scope="module")
def valkey_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Valkey]]:
    with two_nodes(tmp_path_factory.mktemp("cluster")) as nodes:
        yield nodes


@pytest.fixture(params=KINDS)
async def make_adapter(request: pytest.FixtureRequest) -> AsyncIterator[MakeAdapter]:
    """Make adapters of one cluster, of each kind."""
    if request.param == "memory":
        bus = MemoryBus()
        yield lambda: MemoryAdapter(bus)
        return
    client: Any
    if request.param == "redis":
        client = redis.asyncio.Redis(port=request.getfixturevalue("valkey").port)
    else:
        node = request.getfixturevalue("valkey_cluster")[0]
        client = redis.asyncio.RedisCluster(host="127.0.0.1", port=node.port)
    namespace = f"test-{id(client)}"
    yield lambda: RedisAdapter(client, namespace=namespace)
    await client.aclose()


@contextlib.asynccontextmanager
async def started(
    make: MakeAdapter, count: int
) -> AsyncIterator[list[tuple[Adapter, list[bytes]]]]:
    nodes = []
    for index in range(count):
        adapter, got = make(), list[bytes]()
        async with asyncio.timeout(PATIENCE_S):
            await adapter.start(f"node{index}", got.append)
        nodes.append((adapter, got))
    try:
        yield nodes
    finally:
        for adapter, _ in nodes:
            await adapter.stop()


# --- the contract
async def test_a_message_reaches_all_other_nodes_and_not_its_own(make_adapter: MakeAdapter) -> None:
    async with started(make_adapter, 3) as ((a, got_a), (b, got_b), (_, got_c)):
        await a.publish("topic", b"from a")
        await eventually(lambda: bool(got_b and got_c), "a's message arrived")
        await b.publish("topic", b"from b")
        await eventually(lambda: bool(got_a and len(got_c) == 2), "b's message arrived")
        assert (got_a, got_b, got_c) == ([b"from b"], [b"from a"], [b"from a", b"from b"])


async def test_messages_on_a_topic_keep_their_order(make_adapter: MakeAdapter) -> None:
    async with started(make_adapter, 2) as ((a, _), (_, got)):
        sent = {f"topic:{t}": [b"%d:%d" % (t, n) for n in range(200)] for t in range(5)}
        for n in range(200):
            for topic, messages in sent.items():
                await a.publish(topic, messages[n])
        await eventually(lambda: len(got) == 1000, "all arrived")
        for t, messages in enumerate(sent.values()):
            assert [each for each in got if each.startswith(b"%d:" % t)] == messages


async def test_a_stopped_node_receives_no_messages(make_adapter: MakeAdapter) -> None:
    async with started(make_adapter, 3) as ((a, _), (b, got_b), (_, got_c)):
        await b.stop()
        await a.publish("topic", b"late")
        await eventually(lambda: got_c == [b"late"], "it arrived where it should")
        assert got_b == []


async def test_messages_of_any_size_and_bytes(make_adapter: MakeAdapter) -> None:
    async with started(make_adapter, 2) as ((a, _), (_, got)):
        sent = [b"", b"\x00\r\n\xff", b"x" * 1_000_000]
        for message in sent:
            await a.publish("topic", message)
        await eventually(lambda: len(got) == 3, "all arrived")
        assert got == sent


# --- Redis alone
async def test_the_adapter_reconnects_to_redis(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL, "tickfire.phoenix")
    server = Valkey()
    client = redis.asyncio.Redis(port=server.port, retry=Retry(NoBackoff(), 0))
    try:
        async with started(lambda: RedisAdapter(client), 2) as ((a, _), (_, got)):
            await a.publish("topic", b"before")
            await eventually(lambda: got == [b"before"], "the first arrived")
            server.kill()
            await a.publish("topic", b"lost")
            assert isinstance(a, RedisAdapter)
            await eventually(lambda: a.dropped == 1, "the loss is counted")
            server.start()

            async def arrives() -> bool:
                await a.publish("topic", b"after")
                return b"after" in got

            await eventually(arrives, "messages arrive again")
            assert b"lost" not in got
    finally:
        await client.aclose()
        server.close()


async def test_a_channel_that_moves_within_a_cluster_is_followed(
    valkey_cluster: list[Valkey], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL, "tickfire.phoenix")
    first, second = valkey_cluster
    client = redis.asyncio.RedisCluster(host="127.0.0.1", port=first.port)
    make = lambda: RedisAdapter(client, namespace="moving", channels=1)  # noqa: E731
    async with started(make, 2) as ((a, _), (_, got)):
        slot = first.client.execute_command("CLUSTER", "KEYSLOT", "moving:0")
        new_owner = second if slot < 8192 else first
        target = new_owner.client.execute_command("CLUSTER", "MYID")
        for node in (new_owner, *valkey_cluster):
            node.client.execute_command("CLUSTER", "SETSLOT", slot, "NODE", target)

        async def arrives() -> bool:
            await a.publish("topic", b"after")
            return b"after" in got

        await eventually(arrives, "messages arrive at the new place")
    await client.aclose()


async def test_a_cluster_that_was_down_is_found_again(
    valkey_cluster: list[Valkey], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "tickfire.phoenix")
    first = valkey_cluster[0]
    client = redis.asyncio.RedisCluster(host="127.0.0.1", port=first.port)
    async with started(lambda: RedisAdapter(client, namespace="down"), 2) as ((a, _), (_, got)):
        for node in valkey_cluster:
            node.kill()
        await eventually(lambda: caplog.text.count("do not arrive") == 2, "both have lost it")
        for node in valkey_cluster:
            await asyncio.to_thread(node.start)

        async def arrives() -> bool:
            await a.publish("topic", b"after")
            return b"after" in got

        await eventually(arrives, "messages arrive again")
        await eventually(lambda: caplog.text.count("arrive again") == 2, "both say so")
    assert caplog.text.count("do not arrive") == 2
    await client.aclose()


async def test_a_server_that_hangs_is_noticed(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.INFO, "tickfire.phoenix")
    monkeypatch.setattr(adapter_module, "PING_S", 0.2)
    server = Valkey()
    client = redis.asyncio.Redis(port=server.port, retry=Retry(NoBackoff(), 0))
    try:
        async with started(lambda: RedisAdapter(client), 1):
            suspend(server)
            await eventually(lambda: "does not answer" in caplog.text, "a line in the log")
            resume(server)
            await eventually(lambda: "arrive again" in caplog.text, "messages arrive again")
    finally:
        await client.aclose()
        server.close()


# --- hubs
class Room(Channel):
    async def handle_in(self, event: str, payload: Any, socket: Socket) -> Any:
        if event == "from":
            await socket.broadcast_from("shout", payload)
        else:
            await socket.broadcast("shout", payload)
        return Reply()


@contextlib.asynccontextmanager
async def clustered(make: MakeAdapter, count: int) -> AsyncIterator[list[PubSub]]:
    async with contextlib.AsyncExitStack() as stack:
        yield [await stack.enter_async_context(PubSub(Hub(), make())) for _ in range(count)]


async def heard(talk: Talk) -> list[Any]:
    await eventually(lambda: bool(talk.transport.frames), "something was said")
    return talk.said()


async def test_a_broadcast_reaches_subscribers_on_all_nodes(make_adapter: MakeAdapter) -> None:
    async with clustered(make_adapter, 2) as (here, there):
        near = Talk({"room:*": Room}, hub=here.hub)
        far = Talk({"room:*": Room}, hub=there.hub)
        near.join("room:1")
        far.join("room:1", "7")
        near.send("1", "2", "room:1", "all", {"n": 1})
        shout = [None, None, "room:1", "shout", {"n": 1}]
        reply = ["1", "2", "room:1", "phx_reply", {"status": "ok", "response": {}}]
        assert await near.settled() == [shout, reply]
        assert await heard(far) == [shout]
        near.send("1", "3", "room:1", "from", {"n": 2})
        assert [message[3] for message in await near.settled()] == ["phx_reply"]
        assert await heard(far) == [[None, None, "room:1", "shout", {"n": 2}]]
        await there.broadcast("room:1", "bin", b"\x00\xff")
        assert await heard(near) == [b"\x02\x06\x03room:1bin\x00\xff"]


async def test_parts_of_the_library_send_to_all_nodes_or_one(make_adapter: MakeAdapter) -> None:
    async with clustered(make_adapter, 3) as (a, b, c):
        got: list[tuple[str, str, Any]] = []
        for name, node in (("a", a), ("b", b), ("c", c)):

            def take(sender: str, message: Any, name: str = name) -> None:
                got.append((name, sender, message))

            node.handle("part", take)
        await a.send("part", {"to": ["all", b"\xff"]})
        await eventually(lambda: len(got) == 2, "it arrived")
        assert sorted(got) == [
            ("b", a.node, {"to": ["all", b"\xff"]}),
            ("c", a.node, {"to": ["all", b"\xff"]}),
        ]
        got.clear()
        await a.send("part", "one", to=c.node)
        await a.send("part", "last")
        await eventually(lambda: len(got) == 3, "all arrived")
        assert ("c", a.node, "one") in got
        assert ("b", a.node, "one") not in got
        b.unhandle("part")


async def test_an_undecodable_message_is_logged_and_skipped(
    caplog: pytest.LogCaptureFixture,
) -> None:
    bus = MemoryBus()
    stranger = MemoryAdapter(bus)
    await stranger.start("stranger", lambda message: None)
    async with clustered(lambda: MemoryAdapter(bus), 2) as (here, there):
        talk = Talk({"room:*": Room}, hub=here.hub)
        talk.join("room:1")
        await stranger.publish("topic", b"\xc1")
        await there.broadcast("room:1", "news", {"n": 1})
        assert await heard(talk) == [[None, None, "room:1", "news", {"n": 1}]]
        assert "cannot deliver a message" in caplog.text


async def test_a_hub_with_a_closed_link_broadcasts_locally() -> None:
    async with clustered(lambda: MemoryAdapter(MemoryBus()), 1) as (node,):
        assert node.hub.pubsub is node
    assert node.hub.pubsub is None
    talk = Talk({"room:*": Room}, hub=node.hub)
    talk.join("room:1")
    await node.hub.broadcast_async("room:1", "news", {})
    assert len(talk.said()) == 1
