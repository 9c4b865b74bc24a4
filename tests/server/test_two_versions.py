"""Processes of two releases side by side: what a later one may add is ignored, or refused."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.support.cli import assert_one_sentence, run
from tests.support.eventually import eventually
from tests.support.logged import Logged, logged
from tests.support.phoenix_client import PhoenixClient
from tests.support.publisher import DAY, SECOND, Publisher, trades
from tests.support.roles import is_ready
from tests.support.server import Serve
from tests.support.valkey import Valkey
from tickfire.base.ports import free_port
from tickfire.models.records import SENTIMENT_KEY, SIGNALS_KEY, Sentiment, Signal
from tickfire.store.schema import (
    HEALTH_KEY,
    INSTRUMENTS_KEY,
    LAYOUT,
    META_KEY,
    NEWS_KEY,
    STATUS_KEY,
    Beat,
)

PACKED = (INSTRUMENTS_KEY, NEWS_KEY, STATUS_KEY, SIGNALS_KEY, SENTIMENT_KEY)
"""Keys whose values, or the fields ``d`` of whose entries, are msgpack."""
LATER = f"import tickfire.store.schema as schema\nschema.LAYOUT = {LAYOUT + 1}\n"
"""The code that makes a process one of a later release, which also reads the layout of this one."""


class LaterClient:
    """A client of Redis that writes as a later release of the same layout may: with more fields."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def pipeline(self, **options: Any) -> LaterClient:
        return LaterClient(self._client.pipeline(**options))

    def xadd(self, key: bytes, fields: dict[str, Any], **options: Any) -> Any:
        if key in PACKED:
            fields = {**fields, "d": widened(fields["d"])}
        return self._client.xadd(key, {"earlier": b"x", **fields, "later": b"y"}, **options)

    def hset(self, key: bytes, *pair: Any, mapping: Any = None) -> Any:
        mapping = dict([pair]) if mapping is None else mapping
        if key in PACKED:
            mapping = {field: widened(value) for field, value in mapping.items()}
        elif key == META_KEY:
            mapping = {**mapping, "1:later": b"x", "later": b"y"}
        return self._client.hset(key, mapping=mapping)


def widened(packed: bytes) -> bytes:
    """Return a msgpack map or array with one thing more."""
    found = msgspec.msgpack.decode(packed)
    more = [*found, "later"] if isinstance(found, list) else {**found, "later": {"x": 1}}
    return msgspec.msgpack.encode(more)


async def test_what_a_later_release_adds_is_ignored(valkey: Valkey, serve: Serve) -> None:
    publisher = Publisher(LaterClient(valkey.client))  # type: ignore[arg-type]
    publisher.instruments({1: "AAA", 2: "BBB"})
    publisher.publish(trades(100))
    publisher.snapshot()
    beat = widened(msgspec.msgpack.encode(Beat("archive", 1, DAY, DAY)))
    valkey.client.hset(HEALTH_KEY, "archive", beat)
    server = await serve(valkey.url)
    phoenix = await server.client()
    realtime = await phoenix.join("market:realtime")
    candles = await phoenix.join("candles:AAA:1s")
    news, signals = await phoenix.join("news:headlines"), await phoenix.join("signals:AAA")
    publisher.publish(trades(50, start=DAY + 10 * SECOND))
    assert {tick["symbol"] for tick in await realtime.count("tick", 50)} == {"AAA"}
    assert len(candles.response["candles"]) >= 9
    publisher.status("gap", "numbers are missing")
    assert (await realtime.count("feed_gap", 1))[0]["detail"] == "numbers are missing"

    publisher.headline(1)
    ((number, _),) = valkey.client.xrange(NEWS_KEY)
    found = msgspec.msgpack.encode(Sentiment("h1", "bullish", (0.1, 0.2, 0.7), abstained=False))
    publisher.client.xadd(SENTIMENT_KEY, {"d": found}, id=number)
    await news.until(lambda joined: any(line["sentiment"] for line in joined.of("headline")))
    signal = msgspec.msgpack.encode(Signal("signal", "AAA", DAY, {"score": 1.5}))
    publisher.client.xadd(SIGNALS_KEY, {"d": signal})
    assert (await signals.count("signal", 1))[0]["score"] == 1.5


@asynccontextmanager
async def later_server(url: str, folder: Path) -> AsyncIterator[tuple[int, Logged]]:
    """Run `tickfire serve` of a later release; yield its port once it is ready."""
    (folder / "sitecustomize.py").write_text(LATER)
    path, port = os.pathsep.join((str(folder), os.environ.get("PYTHONPATH", ""))), free_port()
    command = ("serve", "--dev", "--port", str(port), "--redis-url", url)
    async with logged(*command, PYTHONPATH=path) as process:
        await eventually(lambda: is_ready(port), "the later server is ready", 100)
        yield port, process
        process.process.terminate()
        await process.process.wait()


@pytest.mark.timeout(180)
async def test_servers_go_first_and_the_older_ones_end_with_the_layout(
    valkey: Valkey, publisher: Publisher, serve: Serve, tmp_path: Path
) -> None:
    publisher.publish(trades(10))
    older = await serve(valkey.url)
    before = await (await older.client()).join("market:realtime")
    async with later_server(valkey.url, tmp_path) as (port, _):
        publisher.publish(trades(10, start=DAY + SECOND))
        last = (await before.count("tick", 10))[-1]["id"]

        # A client that moves to the later server goes on where it was.
        publisher.publish(trades(10, start=DAY + 2 * SECOND))
        client = await PhoenixClient.open(port)
        after = await client.join("market:realtime", {"since": last})
        assert after.response["recovered"] is True
        await after.count("tick", 10)

        # Then ingest of the later release begins to write.
        valkey.client.hset(META_KEY, "layout", LAYOUT + 1)
        publisher.status("session")
        await eventually(lambda: "layout" in (older.market.trouble() or ""), "it is refused")
        publisher.publish(trades(10, start=DAY + 3 * SECOND))
        await after.count("tick", 20)
        assert await is_ready(port) and not await is_ready(older.port)
        await client.close()


async def test_infer_refuses_a_later_layout_with_a_sentence(
    valkey: Valkey, publisher: Publisher
) -> None:
    valkey.client.hset(META_KEY, "layout", LAYOUT + 1)
    ended = await asyncio.to_thread(run, "infer", "--redis-url", valkey.url)
    assert_one_sentence(ended, f"the data in Redis have layout {LAYOUT + 1}")
