"""Quotas of clients of a real server: connects, topics, replies, counters, and recovery."""

from __future__ import annotations

import contextlib
import json

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosedError, InvalidStatus

from tests.support.eventually import eventually
from tests.support.http import http_client
from tests.support.publisher import Publisher
from tests.support.server import Serve, Server
from tests.support.valkey import Valkey
from tickfire.phoenix import Token
from tickfire.server.access.rules import DEFAULT_SALT, Access
from tickfire.server.limits.admission import Limits
from tickfire.server.limits.buckets import Rate
from tickfire.server.limits.quotas import Quotas

QUOTAS = Quotas(
    connects=Rate(0.01, 4),
    joins=Rate(1, 50),
    messages=Rate(1, 100),
    topics=3,
    lanes=1,
    indicators=1,
)


@pytest.fixture
async def small(publisher: Publisher, valkey: Valkey, serve: Serve) -> Server:
    """Return a server that counts clients of this machine, and has small quotas."""
    return await serve(valkey.url, limits=Limits(limit_loopback=True, quotas=QUOTAS))


async def refused(server: Server, cause: str) -> int:
    text = (await server.get("/metrics")).text
    line = next(each for each in text.splitlines() if f'refused_total{{cause="{cause}"}}' in each)
    return int(float(line.split()[-1]))


async def test_a_client_that_connects_too_often_is_refused_before_its_handshake(
    small: Server,
) -> None:
    for _ in range(4):
        await (await small.client()).close()
    with pytest.raises(InvalidStatus) as error:
        await small.client()
    response = error.value.response
    assert (response.status_code, response.headers["retry-after"]) == (429, "5")
    assert response.body == b"this client connects too often."
    async with http_client() as client:
        poll = await client.get(f"http://127.0.0.1:{small.port}/socket/longpoll?vsn=2.0.0")
        assert poll.status_code == 429
    assert await refused(small, "connects") == 2
    assert (await small.get("/healthz")).status_code == 200


async def test_topics_of_a_client_are_counted_over_its_connections(small: Server) -> None:
    one, other = await small.client(), await small.client()
    for client, topic in ((one, "market:AAA"), (one, "market:BBB"), (other, "market:AAA")):
        assert (await client.join(topic)).status == "ok"
    beyond = await other.join("market:BBB")
    assert (beyond.status, beyond.response) == (
        "error",
        {"reason": "this client has joined as many topics as it may", "retry_after": 1},
    )
    await one.leave("market:AAA")
    assert (await other.join("market:BBB")).status == "ok"
    await one.close()
    await eventually(lambda: small.market.hub.stats.sessions == 1, "the connection has ended")
    assert (await other.join("news:headlines")).status == "ok"
    assert await refused(small, "topics") == 1


async def test_lanes_are_bounded_by_the_setting_and_counted(small: Server) -> None:
    client = await small.client()
    assert (await client.join("market:AAA", {"max_hz": 1, "mode": "merge"})).status == "ok"
    beyond = await client.join("market:BBB", {"max_hz": 1, "mode": "merge"})
    assert (beyond.status, beyond.response["retry_after"]) == ("error", 1)
    assert await refused(small, "lanes") == 1


async def test_a_flood_is_refused_and_then_closed_while_others_are_served(small: Server) -> None:
    honest = await small.client()
    url = f"{small.socket}/websocket?vsn=2.0.0"
    replies = []
    async with connect(url, compression=None, max_queue=None) as flooding:
        with contextlib.suppress(ConnectionClosedError):
            for number in range(260):
                await flooding.send(json.dumps([None, str(number), "news:headlines", "ping", {}]))
            await flooding.wait_closed()
        with contextlib.suppress(ConnectionClosedError):
            while True:
                replies.append(json.loads(await flooding.recv())[4])
        assert (flooding.close_code, flooding.close_reason) == (1008, "too many messages")
    reasons = [reply["response"]["reason"] for reply in replies]
    assert reasons[:100] == ["unmatched topic"] * 100
    assert set(reasons[120:]) == {"too many messages"}
    assert all(reply["response"]["retry_after"] == 1 for reply in replies[120:])
    assert (await honest.join("market:AAA")).status == "ok"
    assert await refused(small, "flood") == 1


async def test_a_token_sets_quotas_of_its_user_over_all_connections(
    publisher: Publisher, valkey: Valkey, serve: Serve
) -> None:
    secret = "s" * 40
    server = await serve(valkey.url, access=Access(secret=secret))
    rates = {"joins": 0.001, "lanes": 1, "topics": 9}
    token = Token(secret, DEFAULT_SALT).sign({"user_id": "bo", "rates": rates})
    url = f"{server.socket}/websocket?vsn=2.0.0&token={token}"
    answers = []
    for _ in range(2):
        async with connect(url, compression=None) as socket:
            await socket.send(json.dumps(["1", "1", "market:AAA", "phx_join", {}]))
            answers.append(json.loads(await socket.recv())[4])
    assert answers[0]["status"] == "ok"
    assert answers[1]["response"]["reason"] == "too many joins"
    assert 900 < answers[1]["response"]["retry_after"] <= 1_000
