"""Bursts of joins: unread replies wait in bounded memory, and other clients are served."""

from __future__ import annotations

import asyncio
import json

import pytest

from tests.support.eventually import eventually
from tests.support.publisher import SECOND, Publisher, trades
from tests.support.raw_client import RawClient
from tests.support.server import Serve, Server
from tests.support.valkey import Valkey
from tickfire.phoenix.core.session import MAX_UNSENT
from tickfire.server.limits.admission import Limits
from tickfire.server.limits.buckets import Rate
from tickfire.server.limits.quotas import Quotas

JOINS = 400
REPLY_BYTES = 1 << 19
"""More than the reply to one join takes."""


@pytest.fixture
async def server(publisher: Publisher, valkey: Valkey, serve: Serve) -> Server:
    """Return a server whose quotas allow such bursts."""
    return await serve(valkey.url, limits=Limits(quotas=Quotas(joins=Rate(JOINS, JOINS))))


def joins(client: RawClient) -> None:
    for _ in range(JOINS):
        client.join("candles:AAA:1s", {"limit": 5_000})


async def test_replies_that_are_not_read_are_bounded_and_hold_up_nobody(
    server: Server, publisher: Publisher
) -> None:
    publisher.publish(trades(5_000, step=SECOND))
    await server.reaches(publisher)
    greedy = [RawClient(server.port) for _ in range(3)]
    for client in greedy:
        await asyncio.to_thread(client.connect, server.port)
        await asyncio.to_thread(joins, client)
    honest = await server.client()
    joined = await honest.join("pipeline:trace")
    for _ in range(20):
        reply = await joined.push("clock", {})
        assert reply["status"] == "ok"
        assert server.unsent() < len(greedy) * (MAX_UNSENT + REPLY_BYTES)
    await eventually(lambda: server.unsent() > MAX_UNSENT, "many replies wait")
    assert server.unsent() < len(greedy) * (MAX_UNSENT + REPLY_BYTES)
    for client in greedy:
        client.close()


async def test_every_join_of_a_burst_is_answered_in_order(
    server: Server, publisher: Publisher
) -> None:
    publisher.publish(trades(300, step=SECOND))
    await server.reaches(publisher)
    client = RawClient(server.port)
    await asyncio.to_thread(client.connect, server.port)
    await asyncio.to_thread(joins, client)

    def read() -> list[str]:
        client.read_much()
        answered: list[str] = []
        while len(answered) < JOINS:
            message = client.message()
            if message[3] == "phx_reply":
                assert message[4]["status"] == "ok"
                answered.append(json.dumps(message[4]["response"]["candles"]))
        return answered

    assert len(set(await asyncio.to_thread(read))) == 1
    client.close()
