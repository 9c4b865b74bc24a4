"""A market that asks for a token, and a client whose consumer is slow."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.support.clock import Clock
from tests.support.eventually import eventually
from tests.support.publisher import DAY, SECOND, Publisher, trades
from tests.support.server import Serve, Server
from tests.support.valkey import Valkey
from tickfire.client import ConnectionFailedError, Market
from tickfire.client.channels import buffer
from tickfire.phoenix import Token
from tickfire.server.access.rules import DEFAULT_SALT, Access

SECRET = "a secret of more than twenty characters"
WITHIN_S = 60.0


def token() -> str:
    return Token(SECRET, DEFAULT_SALT).sign("ann")


@pytest.mark.parametrize("transport", ["websocket", "longpoll"])
async def test_a_token_lets_in(
    publisher: Publisher, valkey: Valkey, serve: Serve, transport: str
) -> None:
    publisher.publish(trades(10))
    server = await serve(valkey.url, access=Access(secret=SECRET))
    url = f"http://127.0.0.1:{server.port}/socket"
    start = publisher.id(0)
    ticks = await Market(url, token, transport=transport).ticks(since=start).take(10, WITHIN_S)
    assert len(ticks) == 10
    with pytest.raises(ConnectionFailedError, match="403: the token is missing or not") as refused:
        await Market(url, transport=transport).ticks().take(1, WITHIN_S)
    assert refused.value.status == 403
    with pytest.raises(ConnectionFailedError, match="this is not the address of a socket"):
        wrong = url.replace("/socket", "/elsewhere/socket")
        await Market(wrong, transport=transport).ticks().take(1, WITHIN_S)


async def test_a_token_that_is_no_longer_valid_ends_the_stream(
    publisher: Publisher, valkey: Valkey, serve: Serve
) -> None:
    publisher.publish(trades(10))
    tokens = [token(), "no token"]
    server = await serve(valkey.url, access=Access(secret=SECRET))
    market = Market(
        f"http://127.0.0.1:{server.port}",
        lambda: tokens.pop(0) if len(tokens) > 1 else tokens[0],
        reconnect_after_s=lambda _: 0.02,
    )
    stream = market.ticks(since=publisher.id(0))
    taking = asyncio.create_task(stream.take(11, WITHIN_S))
    await eventually(lambda: stream.id == publisher.id(10), "the ticks")
    await server.stop()
    await serve(valkey.url, port=server.port, access=Access(secret=SECRET))
    with pytest.raises(ConnectionFailedError, match="403"):
        await taking


async def test_a_server_that_is_not_there_is_a_clear_error() -> None:
    market = Market("http://127.0.0.1:9", connect_timeout_s=0.1)
    with pytest.raises(ConnectionFailedError, match="cannot be reached"):
        await market.instruments()


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"transport": "carrier pigeon"}, "there are websocket and longpoll"),
        ({"timeout_s": 0}, "timeout_s must be a number of seconds above 0, not 0"),
        ({"heartbeat_interval_s": float("nan")}, "heartbeat_interval_s must be"),
        ({"open_timeout_s": "5"}, "open_timeout_s must be a number of seconds, not '5'"),
        ({"longpoll_fallback_s": -1}, "longpoll_fallback_s must be"),
        ({"rejoin_after_s": 5}, "rejoin_after_s must be a function"),
        ({"headers": 5}, "headers must be a mapping"),
        ({"params": 5}, "params must be a mapping"),
        ({"token": 5}, "the token must be text"),
        ({"token": asyncio.sleep}, "cannot be async"),
        ({"url": None}, "an address must be text, not NoneType"),
    ],
)
def test_a_wrong_option_is_named(options: dict[str, Any], named: str) -> None:
    with pytest.raises((TypeError, ValueError)) as error:
        Market(**{"url": "http://127.0.0.1:9", **options})
    assert named in str(error.value)


async def test_a_token_that_is_no_text_is_a_clear_error() -> None:
    with pytest.raises(TypeError, match="must return text, not int"):
        await Market("http://127.0.0.1:9", lambda: 5).instruments()  # type: ignore[arg-type, return-value]


async def test_a_first_connection_is_given_up_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch)
    waits: list[float] = []

    def wait(tries: int) -> float:
        waits.append(tries)
        return 3_600.0

    market = Market("http://127.0.0.1:9", connect_timeout_s=100.0, reconnect_after_s=wait)
    asking = asyncio.create_task(market.instruments())
    await eventually(lambda: bool(waits), "the first attempt has failed")
    await clock.forward(100.0)
    with pytest.raises(ConnectionFailedError, match="cannot be reached"):
        await asking
    assert waits == [1]
    streams: list[Any] = [market.ticks(), market.candles("AAA", "1m"), market.news()]
    taking = [asyncio.create_task(each.take(1)) for each in streams]
    await eventually(lambda: len(waits) > 1, "the first attempt has failed")
    await clock.forward(100.0)
    errors = await asyncio.gather(*taking, return_exceptions=True)
    assert all(isinstance(error, ConnectionFailedError) for error in errors)
    assert len(waits) < 4, "those that waited for the first attempt give up with it"


async def test_a_slow_consumer_stops_the_reading_and_loses_nothing(
    publisher: Publisher, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(buffer, "HIGH", 50)
    market = Market(f"http://127.0.0.1:{server.port}")
    stream = market.ticks(since=publisher.id(0))
    chunks = stream.chunks()
    publisher.publish(trades(20))
    got: list[Any] = [*await anext(chunks)]
    for number in range(10):
        publisher.publish(trades(100, start=DAY + (10 + number) * SECOND))
    await server.reaches(publisher)
    await eventually(lambda: bool(market.socket._pauses), "nothing more is read")
    while len(got) < 1_020:
        got += await asyncio.wait_for(anext(chunks), WITHIN_S)
    await chunks.aclose()
    assert [tick.id for tick in got] == [publisher.id(n) for n in range(1, 1_021)]
