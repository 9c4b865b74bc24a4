"""Broadcasts over two nodes: each event arrives once, and losses are counted."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import warnings
from collections.abc import AsyncIterator, Callable
from typing import Any, NamedTuple

import pytest
import redis.asyncio

import tickfire.phoenix.pubsub
from tests.support.eventually import eventually
from tests.support.phoenix.fakes import Talk
from tickfire.phoenix import Channel, Hub, Presence, Reply, Socket, UserSocket
from tickfire.phoenix.presence.replication import Timing
from tickfire.phoenix.pubsub import Adapter, Deliver, MemoryAdapter, MemoryBus, PubSub
from tickfire.phoenix.pubsub.redis import RedisAdapter
from tickfire.phoenix.wire.close_codes import CloseCode

TOPIC = "room:1"
PUBSUB_LOGGER = "tickfire.phoenix.pubsub"
BRIEF_S = 0.05
QUICK = Timing(heartbeat_s=0.05, down_s=5.0, permdown_s=10.0)

type MakeAdapter = Callable[[], Adapter]


class Room(Channel):
    """Channel that broadcasts its clients' messages, by the method that the event names."""

    async def handle_in(self, event: str, payload: Any, socket: Socket) -> Any:
        match event:
            case "broadcast":
                await socket.broadcast("news", payload)
            case "broadcast_from":
                await socket.broadcast_from("news", payload)
        return Reply()


class User(UserSocket):
    """A user whose connections can be closed by name."""

    def id(self) -> str:
        return "users:ann"


class Node(NamedTuple):
    """A hub, its link to the other node, and three subscribers of the topic."""

    pubsub: PubSub
    talks: list[Talk]

    @property
    def hub(self) -> Hub:
        return self.pubsub.hub


@pytest.fixture(params=["memory", "redis"])
async def make_adapter(request: pytest.FixtureRequest) -> AsyncIterator[MakeAdapter]:
    """Make adapters of one cluster, of each kind."""
    if request.param == "memory":
        bus = MemoryBus()
        yield lambda: MemoryAdapter(bus)
        return
    client = redis.asyncio.Redis(port=request.getfixturevalue("valkey").port)
    yield lambda: RedisAdapter(client, namespace=f"test-{id(client)}")
    await client.aclose()


@contextlib.asynccontextmanager
async def started(adapter: Adapter, **options: Any) -> AsyncIterator[Node]:
    async with PubSub(Hub(), adapter, **options) as pubsub:
        talks = [Talk({"room:*": Room}, hub=pubsub.hub, user_socket=User()) for _ in range(3)]
        for talk in talks:
            talk.join(TOPIC)
        yield Node(pubsub, talks)


@pytest.fixture
async def nodes(make_adapter: MakeAdapter) -> AsyncIterator[tuple[Node, Node]]:
    async with started(make_adapter()) as here, started(make_adapter()) as there:
        yield here, there


def events(talk: Talk) -> list[Any]:
    """Return [event, payload] of the broadcasts that a client got since the last time."""
    return [message[3:] for message in talk.said() if message[3] != "phx_reply"]


async def delivered(here: Node, there: Node) -> list[list[Any]]:
    """Return the events that each subscriber got, here and there, in that order.

    A last broadcast on the same topic from each node marks the end: an adapter keeps the order of
    one node's messages on a topic, so all that was sent before has arrived with it.
    """
    talks = [*here.talks, *there.talks]
    got: list[list[Any]] = [[] for _ in talks]
    marks: list[list[Any]] = [["end", {"of": "here"}], ["end", {"of": "there"}]]
    for node, (event, payload) in zip((here, there), marks, strict=True):
        await node.hub.broadcast_async(TOPIC, event, payload)

    def all_have_the_marks() -> bool:
        for talk, told in zip(talks, got, strict=True):
            told += events(talk)
        return all(mark in told for told in got for mark in marks)

    await eventually(all_have_the_marks, "the marks arrived everywhere")
    return [[event for event in told if event not in marks] for told in got]


# --- each event arrives once
async def test_hub_broadcast_arrives_once_everywhere(nodes: tuple[Node, Node]) -> None:
    here, there = nodes
    here.hub.broadcast(TOPIC, "news", {"n": 1})
    there.hub.broadcast(TOPIC, "olds", {"n": 2})
    for got in await delivered(here, there):
        assert sorted(got) == [["news", {"n": 1}], ["olds", {"n": 2}]]


async def test_awaited_broadcast_arrives_once_everywhere(nodes: tuple[Node, Node]) -> None:
    here, there = nodes
    await here.hub.broadcast_async(TOPIC, "news", {"n": 1})
    assert here.pubsub.stats.published == 1
    assert await delivered(here, there) == [[["news", {"n": 1}]]] * 6


async def test_broadcast_async_without_await_arrives_once(nodes: tuple[Node, Node]) -> None:
    here, there = nodes
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        here.hub.broadcast_async(TOPIC, "news", {"n": 1})
        gc.collect()
        assert await delivered(here, there) == [[["news", {"n": 1}]]] * 6
    assert not [each for each in caught if "never awaited" in str(each.message)]


async def test_socket_broadcast_arrives_once_everywhere(nodes: tuple[Node, Node]) -> None:
    here, there = nodes
    here.talks[0].send("1", "2", TOPIC, "broadcast", {"n": 1})
    assert await delivered(here, there) == [[["news", {"n": 1}]]] * 6


async def test_broadcast_from_spares_the_sender_alone(nodes: tuple[Node, Node]) -> None:
    here, there = nodes
    here.talks[0].send("1", "2", TOPIC, "broadcast_from", {"n": 1})
    assert await delivered(here, there) == [[], *[[["news", {"n": 1}]]] * 5]


async def test_local_broadcast_stays_on_its_node(nodes: tuple[Node, Node]) -> None:
    here, there = nodes
    here.hub.local_broadcast(TOPIC, "news", {"n": 1})
    assert here.pubsub.stats.published == 0
    got = await delivered(here, there)
    assert got == [*[[["news", {"n": 1}]]] * 3, [], [], []]


class Tracked(Channel):
    """Channel that tracks its one client."""

    def __init__(self, presence: Presence) -> None:
        self.presence = presence

    async def join(self, topic: str, payload: Any, socket: Socket) -> None:
        self.presence.track(socket, "ann", {})


async def test_presence_tells_each_subscriber_once(nodes: tuple[Node, Node]) -> None:
    here, there = nodes
    async with Presence(here.hub, timing=QUICK) as near, Presence(there.hub, timing=QUICK) as far:
        tracked = Talk({"room:*": lambda: Tracked(near)}, hub=here.hub)
        tracked.send("1", "1", TOPIC, "phx_join", {})

        async def ann_is_there() -> bool:
            return "ann" in await far.list(TOPIC)

        await eventually(ann_is_there, "the other node knows of the presence")
        for got in await delivered(here, there):
            [[event, diff]] = got
            assert (event, list(diff["joins"]), diff["leaves"]) == ("presence_diff", ["ann"], {})


async def test_disconnect_closes_on_both_nodes(nodes: tuple[Node, Node]) -> None:
    here, there = nodes
    talks = [*here.talks, *there.talks]
    here.hub.disconnect("users:ann")
    await eventually(
        lambda: all(talk.transport.closed_with is not None for talk in talks), "all are closed"
    )
    assert {talk.transport.closed_with for talk in talks} == {CloseCode.GOING_AWAY}


# --- losses
class HaltingAdapter(MemoryAdapter):
    """An adapter that can be made to wait or to fail."""

    def __init__(self, bus: MemoryBus) -> None:
        super().__init__(bus)
        self.open = asyncio.Event()
        self.open.set()
        self.error: Exception | None = None

    async def publish(self, topic: str, message: bytes) -> None:
        await self.open.wait()
        if self.error is not None:
            raise self.error
        await super().publish(topic, message)


class Recorder:
    """Another node of the bus, which counts messages."""

    def __init__(self, bus: MemoryBus) -> None:
        self.got: list[bytes] = []
        deliver: Deliver = self.got.append
        bus.nodes["recorder"] = deliver


def warnings_in(caplog: pytest.LogCaptureFixture, words: str) -> int:
    return sum(words in record.getMessage() for record in caplog.records)


async def test_full_queue_counts_drops_and_logs_once(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING, PUBSUB_LOGGER)
    bus = MemoryBus()
    adapter, other = HaltingAdapter(bus), Recorder(bus)
    async with started(adapter, max_queued=3) as node:
        adapter.open.clear()
        for n in range(8):
            node.hub.broadcast(TOPIC, "news", {"n": n})
        await asyncio.sleep(0)  # a lane joins what it is given within one turn of the loop
        assert [len(events(talk)) for talk in node.talks] == [8, 8, 8]
        assert node.pubsub.stats.dropped == 5
        assert warnings_in(caplog, "3 are queued already") == 1
        adapter.open.set()
        await eventually(lambda: len(other.got) == 3, "the queued broadcasts arrived")
        await eventually(
            lambda: warnings_in(caplog, "5 dropped so far") == 1, "the sum of the drops is logged"
        )
        node.hub.broadcast(TOPIC, "news", {"n": 8})
        await eventually(lambda: len(other.got) == 4, "broadcasts arrive again")
        assert node.pubsub.stats.dropped == 5


async def test_broadcast_async_is_not_dropped() -> None:
    bus = MemoryBus()
    adapter, other = HaltingAdapter(bus), Recorder(bus)
    async with started(adapter, max_queued=1) as node:
        adapter.open.clear()
        results = [node.hub.broadcast_async(TOPIC, "news", {"n": n}) for n in range(4)]
        adapter.open.set()
        await asyncio.gather(*results)
        await eventually(lambda: len(other.got) == 4, "all arrived")
        assert (node.pubsub.stats.published, node.pubsub.stats.dropped) == (4, 0)


async def test_failure_is_counted_and_the_next_broadcast_arrives(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.WARNING, PUBSUB_LOGGER)
    bus = MemoryBus()
    adapter, other = HaltingAdapter(bus), Recorder(bus)
    async with started(adapter) as node:
        adapter.error = ConnectionError("the wire is cut")
        node.hub.broadcast(TOPIC, "news", {"n": 1})
        assert [len(events(talk)) for talk in node.talks] == [1, 1, 1]
        assert (node.pubsub.stats.failed, node.pubsub.stats.published) == (1, 0)
        assert warnings_in(caplog, "the wire is cut") == 1
        adapter.error = None
        node.hub.broadcast(TOPIC, "news", {"n": 2})
        await eventually(lambda: len(other.got) == 1, "the next broadcast arrived")
        assert (node.pubsub.stats.failed, node.pubsub.stats.published) == (1, 1)


async def test_broadcast_async_raises_the_adapters_error() -> None:
    adapter = HaltingAdapter(MemoryBus())
    async with started(adapter) as node:
        adapter.error = ConnectionError("the wire is cut")
        with pytest.raises(ConnectionError, match="the wire is cut"):
            await node.hub.broadcast_async(TOPIC, "news", {})
        assert node.pubsub.stats.failed == 1


async def test_closing_flushes_the_queue() -> None:
    bus = MemoryBus()
    adapter, other = HaltingAdapter(bus), Recorder(bus)
    async with started(adapter) as node:
        adapter.open.clear()
        for n in range(5):
            node.hub.broadcast(TOPIC, "news", {"n": n})
        asyncio.get_running_loop().call_soon(adapter.open.set)
    assert (node.pubsub.stats.published, node.pubsub.stats.dropped) == (5, 0)
    await eventually(lambda: len(other.got) == 5, "all arrived")


async def test_closing_gives_up_after_its_timeout(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(tickfire.phoenix.pubsub, "FLUSH_TIMEOUT_S", BRIEF_S)
    caplog.set_level(logging.WARNING, PUBSUB_LOGGER)
    bus = MemoryBus()
    adapter, other = HaltingAdapter(bus), Recorder(bus)
    async with asyncio.timeout(60), started(adapter) as node:
        adapter.open.clear()
        for n in range(4):
            node.hub.broadcast(TOPIC, "news", {"n": n})
        waiting = asyncio.ensure_future(node.hub.broadcast_async(TOPIC, "news", {"n": 4}))
    assert (node.pubsub.stats.published, node.pubsub.stats.dropped) == (0, 5)
    assert warnings_in(caplog, "dropped 5 broadcasts to other nodes at shutdown") == 1
    assert waiting.cancelled()
    assert other.got == []
