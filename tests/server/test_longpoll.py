"""Long-poll on the market application, by the stock phoenix.js and by requests of our own."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any, Literal

import httpx
import pytest
import redis

from tests.support.eventually import eventually
from tests.support.fallback import fallback_client
from tests.support.http import http_client
from tests.support.proxy import without_websockets
from tests.support.publisher import Publisher, trades
from tests.support.server import Serve, Server
from tests.support.valkey import Valkey
from tickfire.phoenix import Token
from tickfire.server.access.rules import DEFAULT_SALT, Access
from tickfire.server.app import MAX_BODY
from tickfire.server.limits.admission import DEFAULT_MAX_MESSAGE, Limits
from tickfire.server.limits.causes import ADDRESS, FULL, MESSAGE

SECRET = "a secret of more than twenty characters"
REALTIME = "market:realtime"
SOON_MS = 300
"""Time after which a client falls back; long enough for a WebSocket on this machine."""
WITHIN_S = 60.0


def tick_ids(ticks: list[Any]) -> list[str]:
    return [tick["id"] for tick in ticks]


class Poller:
    """A long-poll client of single requests."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client
        self._query = {"vsn": "2.0.0"}

    def at(self, client: httpx.AsyncClient) -> Poller:
        """Return the same client, at another server."""
        other = Poller(client)
        other._query = self._query
        return other

    async def get(self) -> httpx.Response:
        """Poll, or begin a session."""
        response = await self._client.get("/socket/longpoll", params=self._query)
        if response.status_code == 200:
            self._query |= {"token": response.json().get("token", "")}
        return response

    async def status(self) -> int:
        """Poll, and return the status in the body."""
        status: int = (await self.get()).json()["status"]
        return status

    async def post(self, body: str) -> httpx.Response:
        headers = {"content-type": "application/x-ndjson"}
        path = "/socket/longpoll"
        return await self._client.post(path, params=self._query, headers=headers, content=body)


@contextlib.asynccontextmanager
async def polling(server: Server) -> AsyncIterator[httpx.AsyncClient]:
    """Yield an HTTP client, which has one connection as long as it asks in turn."""
    url = f"http://127.0.0.1:{server.port}"
    async with http_client(base_url=url, timeout=WITHIN_S) as client:
        yield client


# --- the stock client
async def test_it_joins_and_gets_ticks(server: Server, publisher: Publisher) -> None:
    async with fallback_client(server.socket, REALTIME, {}, "tick", polled=True) as client:
        assert await client.next("open") == "longpoll"
        assert (await client.next("reply"))["id"]
        for _ in range(3):
            publisher.publish(trades(50), entry_size=10)
        ticks = await client.count("tick", 150)
    assert len(set(tick_ids(ticks))) == len(ticks) == 150


async def test_it_resumes_what_it_missed(server: Server, publisher: Publisher) -> None:
    since = await server.beginning(publisher.feed)
    publisher.publish(trades(2_000), entry_size=200)
    await server.reaches(publisher)
    async with fallback_client(
        server.socket, REALTIME, {"since": since}, "tick", "gap", polled=True
    ) as client:
        assert (await client.next("reply"))["recovered"] is True
        ticks = await client.count("tick", 2_000)
        assert not client.of("gap")
    assert len(set(tick_ids(ticks))) == len(ticks) == 2_000


@pytest.mark.parametrize("answer", ["refused", "silent"])
async def test_it_falls_back_where_websockets_are_blocked(
    server: Server, publisher: Publisher, answer: Literal["refused", "silent"]
) -> None:
    async with (
        without_websockets(("127.0.0.1", server.port), answer) as port,
        fallback_client(
            f"ws://127.0.0.1:{port}/socket", REALTIME, {}, "tick", longPollFallbackMs=SOON_MS
        ) as client,
    ):
        assert await client.next("open") == "longpoll"
        await client.next("reply")
        publisher.publish(trades(20))
        assert len(await client.count("tick", 20)) == 20


@pytest.mark.parametrize("polled", [False, True])
async def test_it_is_back_after_a_restart_and_misses_nothing(
    publisher: Publisher, valkey: Valkey, serve: Serve, polled: bool
) -> None:
    server = await serve(valkey.url)
    async with fallback_client(
        server.socket, REALTIME, {}, "tick", "gap", polled=polled, longPollFallbackMs=SOON_MS
    ) as client:
        await client.next("reply")
        publisher.publish(trades(20))
        await client.count("tick", 20)
        await server.stop()
        publisher.publish(trades(20))
        await client.count("closed", 2)  # it has tried again in vain
        await serve(valkey.url, port=server.port)
        publisher.publish(trades(20))
        ticks = await client.count("tick", 60)
        assert client.of("open")[-1] == "longpoll"
        assert not client.of("gap")
    assert len(set(tick_ids(ticks))) == len(ticks) == 60


@pytest.mark.parametrize("sent_as", ["authToken", "params"])
async def test_its_token_is_checked(
    publisher: Publisher, valkey: Valkey, serve: Serve, sent_as: str
) -> None:
    server = await serve(valkey.url, access=Access(secret=SECRET))
    token = Token(SECRET, DEFAULT_SALT).sign(1)
    for given, row in ((token, "reply"), ("forged", "closed")):
        options = {"authToken": given} if sent_as == "authToken" else {"params": {"token": given}}
        async with fallback_client(server.socket, REALTIME, {}, polled=True, **options) as client:
            await client.next(row)
            assert bool(client.of("reply")) is (given == token)


async def test_its_own_token_is_used_again_when_the_session_is_gone(
    publisher: Publisher, valkey: Valkey, serve: Serve
) -> None:
    server = await serve(valkey.url, access=Access(secret=SECRET))
    token = Token(SECRET, DEFAULT_SALT).sign(1)
    async with http_client(base_url=f"http://127.0.0.1:{server.port}") as client:
        path = f"/socket/longpoll?token={token}&vsn=2.0.0&"
        first = (await client.get(path)).json()
        gone = Token(SECRET, "phx longpoll").sign(("another node", "a session"))
        second = (await client.get(f"{path}token={gone}")).json()
    assert (first["status"], second["status"]) == (410, 410)
    assert second["token"] not in (first["token"], gone)


async def test_binary_ticks_are_refused_with_the_reason(server: Server) -> None:
    params = {"encoding": "binary"}
    async with fallback_client(server.socket, REALTIME, params, polled=True) as client:
        assert await client.next("error") == {"reason": "binary encoding needs a WebSocket"}


# --- the end
async def test_a_poll_that_waits_is_answered_when_the_server_stops(server: Server) -> None:
    async with polling(server) as client:
        poller = Poller(client)
        assert await poller.status() == 410
        waiting = asyncio.create_task(poller.status())
        await eventually(lambda: server.requests == 1, "the poll waits")
        server.admission.stop()
        assert await waiting == 410
        assert (await poller.get()).status_code == 503


# --- several workers
async def linked(*servers: Server) -> None:
    for server in servers:
        await eventually(lambda hub=server.market.hub: hub.pubsub is not None, "the link")  # type: ignore[misc]


async def test_any_worker_answers_for_a_session(
    publisher: Publisher, valkey: Valkey, serve: Serve
) -> None:
    await check_workers(valkey.url, serve)


async def test_any_worker_on_a_cluster_answers_for_a_session(
    nodes: list[Valkey], serve: Serve
) -> None:
    client = redis.RedisCluster(host="127.0.0.1", port=nodes[0].port)
    Publisher(client).instruments({1: "AAA"})  # type: ignore[arg-type]
    await check_workers(nodes[1].url, serve)
    client.close()


async def check_workers(url: str, serve: Serve) -> None:
    """Poll a session at two servers that share a secret."""
    here, there = [await serve(url, secret=SECRET) for _ in range(2)]
    await linked(here, there)
    async with polling(here) as one, polling(there) as other:
        poller = Poller(one)
        assert await poller.status() == 410
        stray = poller.at(other)
        heartbeat = '[null,"1","phoenix","heartbeat",{}]'
        assert (await stray.post(heartbeat)).json() == {"status": 200}
        [message] = (await stray.get()).json()["messages"]
        assert json.loads(message)[3] == "phx_reply"
        await poller.post(heartbeat)
        assert await stray.status() == 200
        waiting = asyncio.create_task(stray.status())
        await eventually(lambda: there.requests == 1, "the poll waits")
        await poller.post(heartbeat)
        assert await waiting == 200


async def test_workers_with_other_secrets_do_not_know_a_session(
    publisher: Publisher, valkey: Valkey, serve: Serve
) -> None:
    here, there = await serve(valkey.url), await serve(valkey.url)
    async with polling(here) as one, polling(there) as other:
        poller = Poller(one)
        assert await poller.status() == 410
        assert (await poller.at(other).post("[]")).json() == {"status": 410}


# --- limits
async def test_sessions_are_counted_as_connections_of_their_address(
    publisher: Publisher, valkey: Valkey, serve: Serve
) -> None:
    server = await serve(valkey.url, limits=Limits(max_per_address=3, limit_loopback=True))
    async with polling(server) as client:
        one, other, third = Poller(client), Poller(client), Poller(client)
        assert await one.status() == await other.status() == 410
        refused = await third.get()
        assert (refused.status_code, refused.headers["retry-after"]) == (429, "5")
        assert server.admission.refusals.counts[ADDRESS.name] == 1
        metrics = (await client.get("/metrics")).text
        assert 'tickfire_connections{transport="longpoll",worker="1"} 2.0' in metrics
        assert 'tickfire_connections{transport="websocket",worker="1"} 0.0' in metrics
        await one.post("[" * (DEFAULT_MAX_MESSAGE + 1))  # which ends its session
        assert await third.status() == 410
    await eventually(lambda: server.admission.connections == 2, "the connection is gone")


async def test_sessions_are_counted_as_connections_in_all(
    publisher: Publisher, valkey: Valkey, serve: Serve
) -> None:
    server = await serve(valkey.url, limits=Limits(max_connections=2))
    async with polling(server) as client:
        assert await Poller(client).status() == 410
        assert (await Poller(client).get()).status_code == 503
    assert server.admission.refusals.counts[FULL.name] == 1


async def test_a_message_that_is_too_large_ends_the_session(server: Server) -> None:
    text = json.dumps([None, "1", "phoenix", "heartbeat", {"x": ""}])
    async with polling(server) as client:
        for size, status in ((DEFAULT_MAX_MESSAGE, 200), (DEFAULT_MAX_MESSAGE + 1, 410)):
            poller = Poller(client)
            await poller.get()
            await poller.post(text.replace('""', f'"{"x" * (size - len(text))}"'))
            assert await poller.status() == status
    assert server.admission.refusals.counts[MESSAGE.name] == 1


async def test_a_body_that_is_too_large_is_refused(server: Server) -> None:
    async with polling(server) as client:
        poller = Poller(client)
        await poller.get()
        assert (await poller.post("[" * (MAX_BODY + 1))).status_code == 413
        answer = await poller.post('[null,"1","phoenix","heartbeat",{}]')
        assert answer.json() == {"status": 200}


async def test_a_page_of_another_origin_is_refused(server: Server) -> None:
    async with polling(server) as client:
        headers = {"origin": "http://evil.example"}
        answer = await client.get("/socket/longpoll?vsn=2.0.0", headers=headers)
        assert answer.json() == {"status": 403}
