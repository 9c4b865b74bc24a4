"""Two gateways, an ingest for each, one Valkey, the server, and stock phoenix.js clients."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.support.dbn import START, trades, write_dbn
from tests.support.house import Listener, listening
from tests.support.ingest import ingesting
from tests.support.server import Server
from tests.support.valkey import Valkey
from tickfire.ingest.dbn.metadata import MappingInterval, Metadata, SymbolMapping
from tickfire.ingest.gateway.config import GatewayConfig
from tickfire.ingest.gateway.server import serve_gateway
from tickfire.ingest.writer.service import Ingest
from tickfire.store.store import Store

TRADES = 120
FILE_DAY = np.datetime64(START, "ns").astype("datetime64[D]").item()
MAPPING = SymbolMapping("AAA", (MappingInterval(FILE_DAY, FILE_DAY + timedelta(days=2), "1"),))

type Trade = tuple[str, str, int]


@asynccontextmanager
async def fed(folder: Path, store: Store, feed: int) -> AsyncIterator[Ingest]:
    """Run a gateway and the ingest of a feed, whose instrument has the same id and symbol."""
    records = trades(TRADES)
    records["size"] = feed
    file = folder / f"{feed}.dbn"
    write_dbn(file, records.tobytes(), Metadata("TEST.DATA", None, START, mappings=(MAPPING,)))
    async with (
        await serve_gateway(GatewayConfig(port=0, file=file, speed=0)) as gateway,
        ingesting(gateway, store, feed=feed) as ingest,
    ):
        yield ingest


@asynccontextmanager
async def served(valkey: Valkey, static: Path) -> AsyncIterator[Server]:
    server = Server(valkey.url, static=static)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


def expected(*feeds: int) -> list[Trade]:
    """Return the trades of some feeds as clients see them, in an order of their own."""
    names = {1: "AAA", 2: "2/AAA"}
    prices = [f"{100 + at / 100:.2f}".rstrip("0").rstrip(".") for at in range(TRADES)]
    return sorted((names[feed], price, feed) for feed in feeds for price in prices)


async def received(client: Listener, count: int) -> tuple[list[Trade], str]:
    """Return the next trades in an order of their own, and the id of the last."""
    ticks: list[dict[str, Any]] = await client.events("tick", count)
    found = sorted((tick["symbol"], tick["price"], tick["volume"]) for tick in ticks)
    return found, ticks[-1]["id"]


@pytest.mark.timeout(120)
async def test_every_trade_of_two_feeds_arrives_once_and_a_restart_of_the_server_loses_none(
    tmp_path: Path, valkey: Valkey
) -> None:
    async with await Store.open(valkey.url) as store:
        async with fed(tmp_path, store, 1):
            async with served(valkey, tmp_path) as server:
                of_one = await server.beginning(1)
                async with listening(
                    server.socket, "market:realtime", {"since": of_one}, "tick", "gap"
                ) as client:
                    assert (await client.reply())["recovered"] is True
                    first, held = await received(client, TRADES)
                    assert first == expected(1)
                    async with fed(tmp_path, store, 2):
                        second, both = await received(client, TRADES)
                        assert second == expected(2)
        assert held.count("_") == 0 and both.count("_") == 1
        async with served(valkey, tmp_path) as server:
            of_both = f"{await server.beginning(1)}_{await server.beginning(2)}"
            for since, feeds in ((of_both, (1, 2)), (of_one, (1, 2)), (held, (2,)), (both, ())):
                async with listening(
                    server.socket, "market:realtime", {"since": since}, "tick", "gap"
                ) as client:
                    reply = await client.reply()
                    assert reply["recovered"] is True and reply["id"] == both
                    if feeds:
                        again, _ = await received(client, TRADES * len(feeds))
                        assert again == expected(*feeds)
