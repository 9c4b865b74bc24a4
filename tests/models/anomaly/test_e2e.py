"""A burst injected into the simulated market reaches a stock client as `anomaly`."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from bench.models.burst_file import BURST_SIZE, BURST_TRADES, SYMBOL, write_bursts
from tests.support.house import listening, running_house

WAIT_S = 90


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_burst_reaches_stock_client_as_anomaly(tmp_path: Path) -> None:
    file = tmp_path / "bursts.dbn"
    bursts = write_bursts(file, 150)
    async with running_house(FEED=str(file), SPEED="3") as house:
        async with listening(house.socket, f"signals:{SYMBOL}", {}, "anomaly") as client:
            reply = await client.reply()
            async with asyncio.timeout(WAIT_S):
                while True:
                    name, said = await client.row(WAIT_S)
                    if said["feature"] == "volume" and said["value"] > BURST_SIZE / 2:
                        break
    assert name == "anomaly", reply
    assert said["symbol"] == SYMBOL
    assert any(0 <= said["timestamp"] - at // 10**6 <= 1 for at in bursts)
    assert said["value"] == pytest.approx(BURST_SIZE)
    assert said["expected"] < BURST_SIZE / 100
    assert said["score"] >= 1.0 and said["z"] > 5.0
    assert said["model"] == "anomaly/1"
    assert "volume 3e+06, usually" in said["text"]
    assert BURST_TRADES > 1 and said["id"]
