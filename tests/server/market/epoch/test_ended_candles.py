"""Candles of epochs that have ended, which the archive alone has."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.phoenix_client import Joined
from tests.support.publisher import DAY, FEED, SECOND, trades
from tests.support.recording import SYMBOLS, recorded
from tests.support.server import Serve
from tests.support.valkey import Valkey
from tickfire.ingest.archived.dbn import dbn_of
from tickfire.ingest.kernel.bars import file_bars
from tickfire.store.epoch import ENDED, Ended
from tickfire.store.schema import META_KEY, meta_field

pytestmark = pytest.mark.usefixtures("own_cache")


async def pages(joined: Joined) -> list[Any]:
    """Return the candles of all pages of the history."""
    found: list[Any] = []
    before = 2**52
    while True:
        answer = await joined.push("history", {"before": before, "limit": 20})
        assert answer["status"] == "ok", answer
        page = answer["response"]
        found = page["candles"] + found
        if not page["more"]:
            return found
        before = page["oldest"]


def recorded_bars(archive: str, interval: str) -> list[Any]:
    """Return the bars that `tickfire bars` makes of the recorded ticks, as rows of candles."""
    names = ("open", "high", "low", "close", "volume", "trades", "vwap")
    return [
        [bar["ts"] // 1_000_000, *(bar[name] for name in names)]
        for bar in file_bars(dbn_of(archive), interval)
    ]


@pytest.mark.parametrize("present", [0, 95, 700])
async def test_older_candles_come_from_ended_epochs(
    valkey: Valkey, serve: Serve, tmp_path: Path, present: int
) -> None:
    """However many trades the present epoch has, of which there are ten a second."""
    archive = str(tmp_path / "archive")
    rows = trades(1500 + present, start=DAY + 3600 * SECOND)
    async with recorded(valkey, archive, tables=("bars", "ticks")) as past:
        past.publish(rows[:700])
        await past.settles()
        await past.begin_epoch()
        past.publish(rows[700:1500])
        past.publisher.close_bars(DAY + 7200 * SECOND)
        await past.settles()
        await past.begin_epoch()
        past.publish(rows[1500:])
        server = await serve(valkey.url, archive=archive)
        await server.reaches(past.publisher)
        client = await server.client()
        found = {}
        for interval in ("1s", "1m", "5m", "1d"):
            joined = await client.join(f"candles:AAA:{interval}", {"limit": 5})
            found[interval] = await pages(joined)
        if present:
            await past.settles()
    for interval, candles in found.items():
        assert sum(row[5] for row in candles) == rows["size"].sum()
        assert candles == recorded_bars(archive, interval)
        answer = await server.get(f"/v1/candles?symbol=AAA&interval={interval}&limit=5000")
        assert [row["volume"] for row in answer.json()["rows"]] == [row[5] for row in candles]


async def test_bars_of_recorded_ticks_have_those_of_two_epochs_once(
    valkey: Valkey, tmp_path: Path
) -> None:
    archive = str(tmp_path / "archive")
    rows = trades(100, start=DAY)
    async with recorded(valkey, archive) as past:
        past.publish(rows[:60])
        await past.settles()
        ended = Ended(past.publisher.epoch, (50,))
        past.publisher.client.flushall()
        past.publisher.begin_epoch()
        past.publisher.instruments(SYMBOLS)
        past.publisher.client.hset(META_KEY, meta_field(FEED, ENDED), ended.packed())
        past.publish(rows[50:])
        await past.settles()
    assert sum(bar[5] for bar in recorded_bars(archive, "1s")) == rows["size"].sum()
