"""Replay of a recorded file by `tickfire dev` to a stock phoenix.js client."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any

import databento
import pytest

from tests.support.house import listening, running_house

TICKS = 3000

type Trade = tuple[int, Decimal, int]
"""ts_event, price, size."""


def trades_of(file: Path) -> list[Trade]:
    """Return the trades of a file, as decoded by databento."""
    store: Iterable[Any] = databento.DBNStore.from_bytes(file.read_bytes())
    return [
        (record.ts_event, Decimal(record.price).scaleb(-9), record.size)
        for record in store
        if str(getattr(record, "action", "")) == "T"
    ]


def trade_of(tick: dict[str, Any]) -> Trade:
    assert tick["timestamp"] == int(tick["ts_event"]) // 1_000_000
    return int(tick["ts_event"]), Decimal(tick["price"]), tick["volume"]


@pytest.mark.shared_data
@pytest.mark.slow
@pytest.mark.timeout(180)
async def test_ticks_are_the_files_trades_and_since_gives_them_again(shared: Path) -> None:
    file = shared / "data/dbn/lean_20131008_0930_1000_mixed.dbn.zst"
    expected = trades_of(file)
    async with running_house(FEED=str(file), SPEED="10") as house:
        async with listening(house.socket, "market:realtime", {}, "tick", "gap") as client:
            await client.reply()
            ticks = await client.events("tick", TICKS)
        got = [trade_of(tick) for tick in ticks]
        start = expected.index(got[0])
        assert got == expected[start : start + TICKS]
        assert len({tick["id"] for tick in ticks}) == TICKS
        assert {tick["symbol"] for tick in ticks} <= {"SPY", "AIG", "BAC", "IBM"}
        async with listening(
            house.socket, "market:realtime", {"since": ticks[0]["id"]}, "tick", "gap"
        ) as client:
            reply = await client.reply()
            assert reply["recovered"] is True
            again = await client.events("tick", TICKS - 1)
        assert again == ticks[1:]
