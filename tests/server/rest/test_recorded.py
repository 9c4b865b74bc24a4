"""Instruments that the archive alone has, as their contracts have expired."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.http import http_client
from tests.support.publisher import trades
from tests.support.recording import recorded
from tests.support.server import Serve, Server
from tests.support.valkey import Valkey
from tickfire.archive.tables import BARS, TICKS

pytestmark = pytest.mark.timeout(300)  # kernels may have to be compiled


async def get(server: Server, path: str, **params: Any) -> tuple[int, dict[str, Any]]:
    async with http_client(timeout=60) as client:
        answer = await client.get(f"http://127.0.0.1:{server.port}/v1/{path}", params=params)
        return answer.status_code, answer.json()


async def all_of(server: Server, path: str, **params: Any) -> list[dict[str, Any]]:
    """Return the rows of all pages, the oldest first."""
    found: list[dict[str, Any]] = []
    while True:
        status, page = await get(server, path, **params)
        assert (status, page["symbol"]) == (200, params["symbol"])
        found = page["rows"] + found if path == "candles" else found + page["rows"]
        if page["next"] is None:
            return found
        params["cursor"] = page["next"]


async def test_an_expired_instrument_is_read_from_the_archive(
    valkey: Valkey, serve: Serve, tmp_path: Path
) -> None:
    target = str(tmp_path / "archive")
    async with recorded(valkey, target, tables=(TICKS, BARS)) as past:
        epochs = []
        for _ in range(2):
            past.publish(trades(30))
            await past.settles()
            epochs.append(past.publisher.epoch.hex())
            await past.begin_epoch()
        await past.begin_epoch({2: "BBB"})
        past.publish(trades(5, 2))
        await past.settles()
        server = await serve(valkey.url, archive=target)
        await server.reaches(past.publisher)
        assert (await get(server, "ticks", symbol="BBB"))[0] == 200
        expected = [(epoch, at) for epoch in epochs for at in range(1, 31)]
        for symbol in ("AAA", f"{past.publisher.feed}/AAA"):
            ticks = await all_of(server, "ticks", symbol=symbol, limit=7)
            assert [(row["epoch"], row["position"]) for row in ticks] == expected
            whole = await all_of(server, "candles", symbol=symbol, interval="1s")
            pages = await all_of(server, "candles", symbol=symbol, interval="1s", limit=7)
            assert whole == pages
            assert {row["time"] // 1000 for row in whole} == {row["time"] // 1000 for row in ticks}
        feed = past.publisher.feed
        for symbol in ("CCC", f"{feed + 1}/AAA", f"0{feed}/AAA", "../AAA", "1" * 500):
            for path in ("ticks", "candles"):
                status, told = await get(server, path, symbol=symbol)
                assert status == 404 and "there is no instrument" in told["reason"]
        cursor = f"{int.from_bytes(past.publisher.epoch)}-1"
        status, told = await get(server, "ticks", symbol="AAA", cursor=cursor)
        assert status == 400 and "epoch" in told["reason"]
        alone = await serve(valkey.url)
        assert (await get(alone, "ticks", symbol="AAA"))[0] == 404
