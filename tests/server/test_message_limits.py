"""Limits of messages in the market application."""

from __future__ import annotations

import json

import pytest
from websockets.asyncio.client import connect

from tests.support.publisher import Publisher
from tests.support.server import Serve, Server
from tests.support.valkey import Valkey
from tickfire.server.app import MESSAGE_LIMITS
from tickfire.server.limits.admission import DEFAULT_MAX_MESSAGE
from tickfire.server.market.topics.params import MAX_SYMBOLS

LONGEST = 60
"""Length of symbols of which a thousand fit; OCC option symbols have 21 characters."""


async def test_a_thousand_long_symbols_fit_in_one_message(
    publisher: Publisher, valkey: Valkey, serve: Serve
) -> None:
    symbols = [f"UD:1V:{number:0{LONGEST - 6}}" for number in range(MAX_SYMBOLS)]
    assert {len(symbol) for symbol in symbols} == {LONGEST}
    publisher.instruments(dict(enumerate(symbols, 1)))
    client = await (await serve(valkey.url)).client()
    joined = await client.join("market:realtime", {"symbols": symbols})
    assert joined.status == "ok"


def padded(size: int) -> str:
    """Return a heartbeat of a size in bytes."""
    text = json.dumps([None, "1", "phoenix", "heartbeat", {"x": ""}])
    return text.replace('""', f'"{"x" * (size - len(text))}"')


async def test_a_message_may_have_64_kib(server: Server) -> None:
    url = f"ws://127.0.0.1:{server.port}/socket/websocket?vsn=2.0.0"
    async with connect(url, compression=None) as socket:
        await socket.send(padded(DEFAULT_MAX_MESSAGE))
        assert json.loads(await socket.recv())[3] == "phx_reply"


@pytest.mark.parametrize(
    "message",
    [
        pytest.param(padded(DEFAULT_MAX_MESSAGE + 1), id="one frame"),
        pytest.param([padded(40_000)[:30_000], padded(40_000)], id="fragments"),
        pytest.param(padded(200_000), id="200 kB"),
        pytest.param("[" * 900, id="nested deeply"),
        pytest.param(json.dumps([1, 1, "t", "e", [{}] * 300]), id="many objects"),
        pytest.param("{" + '"a":1,' * 5_000 + "}", id="one key again and again"),
    ],
)
async def test_a_larger_or_costlier_one_is_closed_with_1009(
    server: Server, message: str | list[str]
) -> None:
    url = f"ws://127.0.0.1:{server.port}/socket/websocket?vsn=2.0.0"
    async with connect(url, compression=None, ping_interval=None) as socket:
        await socket.send(message)
        await socket.wait_closed()
        assert socket.close_code == 1009


async def test_a_long_topic_is_refused(server: Server) -> None:
    assert MESSAGE_LIMITS.max_name_size is not None
    client = await server.client()
    joined = await client.join("candles:" + "A" * MESSAGE_LIMITS.max_name_size)
    assert (joined.status, joined.response) == ("error", {"reason": "topic too long"})
