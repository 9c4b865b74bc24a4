"""Long-poll: polls, frames, sessions that end, and sessions of another node."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from typing import Any, ClassVar

import pytest
from starlette.applications import Starlette

from tests.support.clock import Clock
from tests.support.eventually import eventually
from tests.support.phoenix.rawclient import Response, fetch
from tests.support.phoenix.serving import PATIENCE_S, Served, serve_app
from tickfire.phoenix import (
    Channel,
    ConnectInfo,
    DrainerOptions,
    Hub,
    LongPollOptions,
    PhoenixSocket,
    Refusal,
    Reply,
    Socket,
    UserSocket,
)
from tickfire.phoenix.pubsub import MemoryAdapter, MemoryBus, PubSub
from tickfire.phoenix.transports.longpoll import endpoint
from tickfire.phoenix.transports.longpoll.transport import LongPollTransport
from tickfire.phoenix.wire.close_codes import CloseCode

NDJSON = {"Content-Type": "application/x-ndjson"}
WINDOW_S = 10.0
"""Window of the tests that put the clock forward."""
WINDOWED = LongPollOptions(window_s=WINDOW_S, pubsub_timeout_s=0.3)
PATIENT = LongPollOptions(window_s=3_600, pubsub_timeout_s=0.3)
LINKED = LongPollOptions(window_s=WINDOW_S, pubsub_timeout_s=60)
"""Options of nodes that answer each other, however long that takes."""
SLOW_TURNS = 20
"""Turns of the loop; an answer that does not wait for a join takes a few."""
SECRET = "the same on all nodes"


class Room(Channel):
    never: ClassVar[asyncio.Event]
    """Set by a join that is never decided."""

    async def join(self, topic: str, payload: Any, socket: Socket) -> Any:
        if topic == "room:slow":
            for _ in range(SLOW_TURNS):
                await asyncio.sleep(0)
        if topic == "room:never":
            self.never.set()
            await asyncio.get_running_loop().create_future()

    async def handle_in(self, event: str, payload: Any, socket: Socket) -> Any:
        if event == "shout":
            await socket.broadcast("shout", payload)
        if event == "close":
            socket.close(1000)
        return Reply(payload)


class User(UserSocket):
    channels = {"room:*": Room}  # noqa: RUF012


@contextlib.asynccontextmanager
async def serving(hub: Hub, options: LongPollOptions = PATIENT) -> AsyncIterator[Served]:
    route = PhoenixSocket("/socket", User, hub=hub, longpoll=options, secret=SECRET)
    async with serve_app(Starlette(routes=[route])) as served:
        yield served


async def in_progress(served: Served, count: int) -> None:
    """Wait until the server works on this many requests."""
    tasks = served.server.server_state.tasks
    await eventually(lambda: len(tasks) == count, f"{count} requests are in progress")


class Poller:
    """One long-poll client."""

    def __init__(self, served: Served, vsn: str = "2.0.0") -> None:
        self.served = served
        self.vsn = vsn
        self.token: str | None = None

    def at(self, served: Served) -> Poller:
        """Return the same client, at another server."""
        other = Poller(served, self.vsn)
        other.token = self.token
        return other

    async def request(self, method: str, body: bytes = b"", **headers: str) -> Response:
        target = f"/socket/longpoll?vsn={self.vsn}"
        if self.token:
            target += f"&token={self.token}"
        named = {"Host": "localhost", "Connection": "close", "Content-Length": str(len(body))}
        named |= {name.replace("_", "-"): value for name, value in headers.items()}
        return await fetch("127.0.0.1", self.served.port, method, target, named, body)

    async def poll(self) -> tuple[int, list[Any]]:
        body = json.loads((await self.request("GET")).text)
        self.token = body.get("token", self.token)
        return body["status"], [json.loads(each) for each in body.get("messages", [])]

    async def send(self, *messages: Any) -> int:
        batch = b"\n".join(
            base64.b64encode(each) if isinstance(each, bytes) else json.dumps(each).encode()
            for each in messages
        )
        response = await self.request("POST", batch, Content_Type="application/x-ndjson")
        status: int = json.loads(response.text)["status"]
        return status

    async def joined(self, topic: str = "room:1") -> Poller:
        assert (await self.poll())[0] == 410
        assert await self.send(["1", "1", topic, "phx_join", {}]) == 200
        status, [reply] = await self.poll()
        assert (status, reply[3]) == (200, "phx_reply")
        await in_progress(self.served, 0)  # so that a test may count its own requests
        return self


async def test_a_poll_returns_as_soon_as_there_is_a_message() -> None:
    hub = Hub()
    async with serving(hub) as served:
        client = await Poller(served).joined()
        polling = asyncio.create_task(client.poll())
        await in_progress(served, 1)
        hub.local_broadcast("room:1", "news", {"n": 1})
        hub.local_broadcast("room:1", "news", {"n": 2})
        status, messages = await asyncio.wait_for(polling, 60)
        assert status == 200
        if len(messages) == 1:
            messages += (await client.poll())[1]
        assert [message[4]["n"] for message in messages] == [1, 2]


def count_polls(monkeypatch: pytest.MonkeyPatch) -> list[LongPollTransport]:
    """Return a list that grows when a session begins to wait for one more poll.

    A request that the server works on may not have reached its session yet; once a poll is in this
    list and the loop has turned, it waits for messages.
    """
    begun: list[LongPollTransport] = []
    poll = LongPollTransport.poll

    async def counted(transport: LongPollTransport) -> list[bytes]:
        begun.append(transport)
        return await poll(transport)

    monkeypatch.setattr(LongPollTransport, "poll", counted)
    return begun


async def waiting_poll(
    client: Poller, begun: list[LongPollTransport]
) -> asyncio.Task[tuple[int, list[Any]]]:
    """Poll, and return once the session waits for a message."""
    count = len(begun)
    polling = asyncio.create_task(client.poll())
    await eventually(lambda: len(begun) > count, "the poll waits")
    return polling


async def empty_poll(client: Poller, clock: Clock, begun: list[LongPollTransport]) -> None:
    """Poll without a message, until the window is over."""
    polling = await waiting_poll(client, begun)
    await clock.forward(WINDOW_S)
    assert await polling == (204, [])


async def test_a_poll_without_messages_returns_after_the_window(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with serving(Hub(), WINDOWED) as served:
        client = await Poller(served).joined()
        await empty_poll(client, Clock(monkeypatch), count_polls(monkeypatch))
        assert await client.send([None, "2", "phoenix", "heartbeat", {}]) == 200
        assert (await client.poll())[0] == 200


async def test_a_second_poll_takes_over(monkeypatch: pytest.MonkeyPatch) -> None:
    hub, clock = Hub(), Clock(monkeypatch)
    async with serving(hub, WINDOWED) as served:
        client = await Poller(served).joined()
        begun = count_polls(monkeypatch)
        first = await waiting_poll(client, begun)
        second = await waiting_poll(client, begun)
        hub.local_broadcast("room:1", "news", {"n": 1})
        status, messages = await second
        assert (status, [message[4] for message in messages]) == (200, [{"n": 1}])
        await clock.forward(WINDOW_S)
        assert await first == (204, [])  # when its window is over, as in Phoenix


async def hang_up(served: Served, client: Poller) -> None:
    """Begin to poll, and close the connection."""
    _, writer = await asyncio.open_connection("127.0.0.1", served.port)
    target = f"/socket/longpoll?vsn=2.0.0&token={client.token}"
    writer.write(f"GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    await writer.drain()
    await in_progress(served, 1)
    writer.close()
    await writer.wait_closed()
    await in_progress(served, 0)


async def test_messages_after_a_hang_up_wait_for_the_next_poll() -> None:
    hub = Hub()
    async with serving(hub) as served:
        client = await Poller(served).joined()
        await hang_up(served, client)
        hub.local_broadcast("room:1", "news", {"n": 1})
        status, messages = await client.poll()
        assert (status, messages[0][4]) == (200, {"n": 1})


async def test_a_post_waits_for_its_joins_for_at_most_a_window(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock, Room.never = Clock(monkeypatch), asyncio.Event()
    async with serving(Hub(), WINDOWED) as served:
        client = Poller(served)
        await client.poll()
        join = ["1", "1", "room:slow", "phx_join", {}]
        assert await client.send(join, [None, "2", "phoenix", "heartbeat", {}]) == 200
        assert [message[1] for message in (await client.poll())[1]] == ["1", "2"]
        sending = asyncio.create_task(client.send(["3", "3", "room:never", "phx_join", {}]))
        await asyncio.wait_for(Room.never.wait(), PATIENCE_S)
        await clock.forward(WINDOW_S)
        assert await sending == 408


@pytest.mark.parametrize("body", [b"[oops", b"", b"AAEB"])
async def test_a_frame_that_cannot_be_decoded_ends_the_session(
    body: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub, clock = Hub(), Clock(monkeypatch)
    async with serving(hub, WINDOWED) as served:
        client = await Poller(served).joined()
        old = client.token
        for content_type in ("application/x-ndjson", "text/plain"):
            asking = asyncio.create_task(client.request("POST", body, Content_Type=content_type))
            await eventually(lambda: not hub.topics(), "the session has ended")
            await clock.forward(WINDOW_S)
            assert json.loads((await asking).text)["status"] in (408, 410)
        assert not hub.topics()
        assert (await client.poll())[0] == 410
        assert client.token != old


async def test_bad_base64_is_answered_with_status_500() -> None:
    async with serving(Hub()) as served:
        client = await Poller(served).joined()
        response = await client.request("POST", b"!!", Content_Type="application/x-ndjson")
        assert response.status == 500
        assert await client.send([None, "2", "phoenix", "heartbeat", {}]) == 200


async def test_v1_sends_one_message_per_request() -> None:
    async with serving(Hub()) as served:
        client = Poller(served, "1.0.0")
        await client.poll()
        join = {"topic": "room:1", "event": "phx_join", "payload": {}, "ref": "1"}
        body = json.dumps(join, indent=1).encode()  # over several lines
        for content_type in ("application/x-ndjson", "application/json"):
            await client.request("POST", body, Content_Type=content_type)
            status, messages = await client.poll()
            assert (status, messages[0]["event"]) == (200, "phx_reply")


async def test_a_session_without_polls_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    hub, clock = Hub(), Clock(monkeypatch)
    async with serving(hub, WINDOWED) as served:
        client = await Poller(served).joined()
        await clock.forward(2 * WINDOW_S)
        await eventually(lambda: not hub.topics(), "the session has died")
        assert await client.send([None, "2", "phoenix", "heartbeat", {}]) == 410


async def test_a_session_that_is_closed_is_gone() -> None:
    async with serving(Hub()) as served:
        client = await Poller(served).joined()
        polling = asyncio.create_task(client.poll())
        await in_progress(served, 1)
        assert await client.send(["1", "2", "room:1", "close", {}]) == 200
        assert (await asyncio.wait_for(polling, 60))[0] == 204
        assert (await client.poll())[0] == 410


async def test_a_body_that_is_too_large_is_refused() -> None:
    async with serving(Hub()) as served:
        client = await Poller(served).joined()
        response = await client.request("POST", b"x" * 8_000_001)
        assert response.status == 413


async def test_a_session_without_polls_is_dropped_at_the_write_limit() -> None:
    hub = Hub(write_limit=10_000)
    options = LongPollOptions(window_s=3_600, high_water=1_000)
    async with serving(hub, options) as served:
        client = await Poller(served).joined()
        for _ in range(20):
            hub.local_broadcast("room:1", "news", {"pad": "x" * 1_000})
            await asyncio.sleep(0)
        assert hub.stats.aborted == 1
        assert not hub.topics()
        del client


async def test_a_session_over_its_high_water_mark_is_congested_until_the_next_poll() -> None:
    congested = asyncio.Event()
    sockets: list[Socket] = []

    class Keeps(Channel):
        async def join(self, topic: str, payload: Any, socket: Socket) -> Any:
            sockets.append(socket)
            socket.outlet.on_overflow = lambda missed: congested.set()

    class Keeper(UserSocket):
        channels = {"room:*": Keeps}  # noqa: RUF012

    hub = Hub()
    route = PhoenixSocket("/socket", Keeper, hub=hub, longpoll=LongPollOptions(high_water=1_000))
    async with serve_app(Starlette(routes=[route])) as served:
        client = await Poller(served).joined()
        while not congested.is_set():
            hub.local_broadcast("room:1", "news", {"pad": "x" * 500})
            await asyncio.sleep(0)
        writable = asyncio.Event()
        sockets[0].outlet.on_writable(writable.set)
        assert sockets[0].outlet.buffered > 1_000
        assert (await client.poll())[0] == 200
        await asyncio.wait_for(writable.wait(), PATIENCE_S)


# --- the end of the server, and sessions that are refused
async def test_shutting_down_ends_sessions_and_polls_that_wait(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hub, begun = Hub(), count_polls(monkeypatch)
    route = PhoenixSocket("/socket", User, hub=hub, longpoll=PATIENT)
    async with serve_app(Starlette(routes=[route])) as served:
        client = await Poller(served).joined()
        polling = await waiting_poll(client, begun)
        route.shut_down()
        assert await asyncio.wait_for(polling, 60) == (410, [])
        assert not hub.topics()
        assert (await client.request("GET")).status == 503


async def test_shutting_down_ends_sessions_in_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    hub, drainer = Hub(), DrainerOptions(batch_size=1, interval_s=10.0)
    clock, begun = Clock(monkeypatch), count_polls(monkeypatch)
    route = PhoenixSocket("/socket", User, hub=hub, longpoll=PATIENT, drainer=drainer)
    async with serve_app(Starlette(routes=[route])) as served:
        clients = [await Poller(served).joined(f"room:{number}") for number in range(2)]
        polls = [await waiting_poll(client, begun) for client in clients]
        route.shut_down()
        assert await asyncio.wait_for(polls[0], 60) == (410, [])
        assert hub.stats.sessions == 1
        assert not polls[1].done()
        await clock.forward(10.0)
        assert await asyncio.wait_for(polls[1], 60) == (410, [])
        assert hub.stats.sessions == 0


async def test_sessions_are_admitted_until_they_end() -> None:
    here: list[ConnectInfo] = []
    codes: list[int | None] = []

    def admit(info: ConnectInfo) -> Refusal | Callable[[int | None], None]:
        if here:
            return Refusal(503, b"full")
        here.append(info)

        def leave(code: int | None) -> None:
            here.remove(info)
            codes.append(code)

        return leave

    options = LongPollOptions(window_s=3_600, max_message_size=50, admit=admit)
    async with serving(Hub(), options) as served:
        client = await Poller(served).joined()
        assert here[0].transport == "longpoll"
        refused = await Poller(served).request("GET")
        assert (refused.status, refused.text) == (503, "full")
        assert await client.send(["1", "2", "room:1", "close", {}]) == 200
        client = await Poller(served).joined()
        assert await client.send(["1", "2", "room:1", "shout", {"pad": "x" * 50}]) == 200
        assert (here, codes) == ([], [1000, CloseCode.MESSAGE_TOO_BIG])


async def test_a_body_that_does_not_come_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    async with serving(Hub()) as served:
        client = await Poller(served).joined()
        monkeypatch.setattr(endpoint, "BODY_TIMEOUT_S", 0.05)
        reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
        target = f"/socket/longpoll?vsn=2.0.0&token={client.token}"
        head = f"POST {target} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n["
        writer.write(head.encode())
        answer = await asyncio.wait_for(reader.read(), PATIENCE_S)  # until the server closes
        assert answer.startswith(b"HTTP/1.1 408")
        writer.close()


# --- several nodes
@contextlib.asynccontextmanager
async def two_nodes(
    options: LongPollOptions = LINKED,
) -> AsyncIterator[tuple[Served, Served]]:
    bus = MemoryBus()
    hubs = Hub(), Hub()
    async with contextlib.AsyncExitStack() as stack:
        for hub in hubs:
            await stack.enter_async_context(PubSub(hub, MemoryAdapter(bus)))
        here = await stack.enter_async_context(serving(hubs[0], options))
        there = await stack.enter_async_context(serving(hubs[1], options))
        yield here, there


async def test_any_node_serves_any_session(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, begun = Clock(monkeypatch), count_polls(monkeypatch)
    async with two_nodes() as (here, there):
        client = await Poller(here).joined()
        other = await Poller(there).joined()
        assert await client.at(there).send(["1", "2", "room:1", "shout", {"n": 1}]) == 200
        status, messages = await client.at(there).poll()
        assert status == 200
        assert [message[3] for message in messages] == ["shout", "phx_reply"]
        status, messages = await other.at(here).poll()
        assert (status, messages[0][4]) == (200, {"n": 1})
        await empty_poll(client.at(there), clock, begun)
        binary = b"\x00\x01\x01\x06\x0413room:1echo{}"
        assert await client.at(there).send(binary) == 200


async def test_messages_after_a_hang_up_at_another_node_wait_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    begun = count_polls(monkeypatch)
    async with two_nodes() as (here, there):
        client = await Poller(here).joined()
        other = await Poller(there).joined()
        count = len(begun)
        await hang_up(there, client)
        await eventually(lambda: len(begun) == count + 1, "the poll was relayed")
        assert await other.send(["1", "2", "room:1", "shout", {"n": 1}]) == 200
        status, messages = await client.poll()
        assert (status, messages[0][4]) == (200, {"n": 1})


async def test_a_session_from_before_the_link_is_served_by_any_node(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock, begun = Clock(monkeypatch), count_polls(monkeypatch)
    bus = MemoryBus()
    hubs = Hub(), Hub()
    async with serving(hubs[0], LINKED) as here, serving(hubs[1], LINKED) as there:
        client = await Poller(here).joined()
        async with PubSub(hubs[0], MemoryAdapter(bus)), PubSub(hubs[1], MemoryAdapter(bus)):
            await empty_poll(client, clock, begun)  # its node has found the link
            assert await client.at(there).send(["1", "2", "room:1", "shout", {"n": 1}]) == 200
            assert (await client.at(there).poll())[0] == 200


async def test_a_session_unknown_to_all_nodes_is_gone() -> None:
    async with two_nodes(PATIENT) as (here, there):
        client = await Poller(here).joined()
        assert await client.send(["1", "2", "room:1", "close", {}]) == 200
        for served in (here, there):
            assert await client.at(served).send(["1", "3", "room:1", "shout", {}]) == 410


async def test_a_node_that_does_not_answer_makes_the_session_gone() -> None:
    async with two_nodes(PATIENT) as (here, there):
        client = await Poller(there).joined()
        there.server.stop()
        stranger = client.at(here)
        assert stranger.token is not None
        async with serving(Hub()) as alone:  # it knows no other node
            assert await client.at(alone).send(["1", "2", "room:1", "shout", {}]) == 410
