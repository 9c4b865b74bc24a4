"""Candles of epochs that have ended, which the archive alone has."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.phoenix_client import Joined
from tests.support.publisher import DAY, SECOND, trades
from tests.support.recording import recorded
from tests.support.server import Serve
from tests.support.valkey import Valkey


async def older(joined: Joined) -> list[Any]:
    """Return the candles of the join reply, and of all pages before them."""
    assert joined.response["more"] is True
    found: list[Any] = joined.response["candles"]
    before = found[0][0] if found else 2**52
    while True:
        answer = await joined.push("history", {"before": before, "limit": 20})
        assert answer["status"] == "ok", answer
        page = answer["response"]
        found = page["candles"] + found
        if not page["more"]:
            return found
        before = page["oldest"]


@pytest.mark.parametrize("present", [0, 95, 700])
@pytest.mark.parametrize("interval", ["1s", "1m"])
async def test_older_candles_come_from_ended_epochs(
    valkey: Valkey, serve: Serve, tmp_path: Path, present: int, interval: str
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
        joined = await client.join(f"candles:AAA:{interval}", {"limit": 5})
        found = await older(joined)
    step = 1000 if interval == "1s" else 60_000
    times = sorted({int(ts) // (step * 1_000_000) * step for ts in rows["ts_event"]})
    assert [row[0] for row in found] == times
    if interval == "1s":  # a minute in which an epoch begins is that of the later epoch
        volumes = dict.fromkeys(times, 0)
        for ts, size in zip(rows["ts_event"].tolist(), rows["size"].tolist(), strict=True):
            volumes[ts // 1_000_000 // step * step] += size
        assert [row[5] for row in found] == list(volumes.values())
