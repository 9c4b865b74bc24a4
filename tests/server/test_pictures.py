"""``/chart.png``: pictures of what the candle topics show."""

from __future__ import annotations

import asyncio
import io
import os
import signal
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image

from tests.support.eventually import eventually
from tests.support.http import http_client
from tests.support.publisher import DAY, SECOND, Publisher, tick, trades
from tests.support.server import Serve, Server
from tests.support.valkey import Valkey
from tickfire.phoenix import Token
from tickfire.server.access.rules import DEFAULT_SALT, Access
from tickfire.server.pictures.source import bars_of

pytestmark = pytest.mark.timeout(300)  # kernels may have to be compiled

SECRET = "a secret of more than twenty characters"
SMALL = {"symbol": "AAA", "width": "320", "height": "200"}


async def get(server: Server, method: str = "GET", **options: Any) -> httpx.Response:
    async with http_client(timeout=200) as client:
        return await client.request(method, f"http://127.0.0.1:{server.port}/chart.png", **options)


async def test_a_picture_of_the_candles(server: Server, publisher: Publisher) -> None:
    publisher.instruments({1: "AAA", 2: "BTC/USD"})
    publisher.publish(np.concatenate((trades(3_000), trades(3_000, 2))))
    await server.reaches(publisher)
    query = {
        "symbol": "BTC/USD", "interval": "1s", "bars": "50", "width": "640", "height": "360",
        "theme": "light", "scale": "2", "indicators": "ema(20),macd(12,26,9)",
        "price_scale": "log", "lines": "100.5, 101",
    }  # fmt: skip
    await eventually(
        lambda: (
            server.market.live is not None
            and server.market.live.data.instruments.find("BTC/USD") is not None
        ),
        "the symbol is known",
    )
    answer = await get(server, params=query)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/png")
    assert Image.open(io.BytesIO(answer.content)).size == (1280, 720)
    assert answer.headers["cache-control"] == "private, max-age=1"

    tag = {"if-none-match": answer.headers["etag"]}
    again = await get(server, params=query, headers=tag)
    assert (again.status_code, again.content) == (304, b"")
    head = await get(server, "HEAD", params=query)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == str(len(answer.content))
    assert head.headers["etag"] == answer.headers["etag"]

    publisher.publish(tick(instrument=2, at=DAY + 400 * SECOND, price=102 * SECOND))
    await server.reaches(publisher)
    moved = await get(server, params=query, headers=tag)
    assert moved.status_code == 200
    assert moved.headers["etag"] != answer.headers["etag"]
    text = server.market.metrics.render().decode()
    assert 'tickfire_pictures_total{result="drawn"} 2.0' in text
    assert 'tickfire_pictures_total{result="kept"} 2.0' in text


async def test_the_bars_are_those_of_the_candle_topic(server: Server, publisher: Publisher) -> None:
    publisher.publish(trades(5_000))
    await server.reaches(publisher)
    client = await server.client()
    for interval in ("1s", "1m", "5m", "1d"):
        joined = await client.join(f"candles:AAA:{interval}", {"limit": 5_000})
        candles = joined.response["candles"]
        live = server.market.live
        assert live is not None
        listing = live.data.instruments.find("AAA")
        assert listing is not None
        bars = bars_of(live, listing, interval)
        assert bars.time.tolist() == [row[0] for row in candles]
        rounded = [[round(float(price) * 1e9) for price in row[1:5]] for row in candles]
        assert bars.prices.tolist() == rounded
        assert bars.volume.tolist() == [row[5] for row in candles]


async def test_equal_requests_are_drawn_once_and_too_many_are_refused(
    server: Server, publisher: Publisher
) -> None:
    publisher.publish(trades(100))
    await server.reaches(publisher)
    first = await get(server, params=SMALL)
    pool = server.app.state.pictures.pool
    process = pool.process
    os.kill(process.pid, signal.SIGSTOP)
    wider = [{**SMALL, "width": str(400 + at)} for at in range(16)]
    requests = [asyncio.create_task(get(server, params=each)) for each in wider + wider[:4]]
    await eventually(lambda: len(pool._drawing) == 16, "the queue is full")
    refused = await get(server, params={**SMALL, "width": "500"})
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "1")
    assert (await get(server, params=SMALL)).content == first.content  # kept
    os.kill(process.pid, signal.SIGCONT)
    answers = await asyncio.gather(*requests)
    assert {answer.status_code for answer in answers} == {200}
    assert answers[0].content == answers[16].content
    text = server.market.metrics.render().decode()
    assert 'tickfire_pictures_total{result="drawn"} 17.0' in text
    assert 'tickfire_pictures_total{result="busy"} 1.0' in text

    os.kill(process.pid, signal.SIGKILL)
    assert (await get(server, params={**SMALL, "width": "501"})).status_code == 200
    assert process.starts == 2


@pytest.mark.parametrize(
    ("query", "status", "words"),
    [
        ({}, 400, "symbol is missing"),
        ({"symbol": "ZZZ"}, 404, "no instrument ZZZ"),
        ({"symbol": "AAA", "interval": "2m"}, 400, "interval must be one of 1s, 1m"),
        ({"symbol": "AAA", "bars": "0"}, 400, "bars must be a whole number from 1 to 5000, not 0"),
        ({"symbol": "AAA", "bars": "many"}, 400, "bars must be a whole number"),
        ({"symbol": "AAA", "width": "99999"}, 400, "width must be a whole number from 200 to 4096"),
        ({"symbol": "AAA", "scale": "inf"}, 400, "scale must be a number from 0.5 to 4"),
        ({"symbol": "AAA", "theme": "blue"}, 400, "theme must be dark or light"),
        ({"symbol": "AAA", "indicators": "foo(3)"}, 400, "there is no indicator"),
        ({"symbol": "AAA", "zone": "Mars"}, 400, "is no time zone"),
        ({"symbol": "AAA", "price_scale": "cubic"}, 400, "price_scale must be linear or log"),
        ({"symbol": "AAA", "scale": "log"}, 400, "write price_scale=log"),
        ({"symbol": "AAA", "lines": "5530.25;5541"}, 400, "lines must be prices, separated by"),
        ({"symbol": "AAA", "lines": "inf"}, 400, "price must be a finite number, not inf"),
    ],
)
async def test_what_is_wrong_is_said_in_one_sentence(
    server: Server, query: dict[str, str], status: int, words: str
) -> None:
    answer = await get(server, params=query)
    assert answer.status_code == status
    assert words in answer.text
    assert answer.text.count("\n") == 0


async def test_the_rule_of_the_socket_decides_who_gets_pictures(
    publisher: Publisher, valkey: Valkey, serve: Serve
) -> None:
    server = await serve(valkey.url, access=Access(secret=SECRET))
    token = Token(SECRET, DEFAULT_SALT).sign("ann")
    assert (await get(server, params=SMALL)).status_code == 401
    assert (await get(server, params={**SMALL, "token": "wrong"})).status_code == 403
    wrong = {"authorization": "Bearer wrong"}
    assert (await get(server, params=SMALL, headers=wrong)).status_code == 403
    unknown = {"symbol": "ZZZ"}
    assert (await get(server, params={**unknown, "token": token})).status_code == 404
    bearer = {"authorization": f"Bearer {token}"}
    assert (await get(server, params=unknown, headers=bearer)).status_code == 404


async def test_before_there_is_a_market(valkey: Valkey, serve: Serve) -> None:
    server = await serve(valkey.url, ready=False)
    answer = await get(server, params=SMALL)
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "1"
