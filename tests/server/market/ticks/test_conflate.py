"""Merged topics: fewer ticks, the same volume, the same last prices, and places to resume from."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.support.phoenix_client import Joined
from tests.support.publisher import Publisher, mixed, tick, trades
from tests.support.server import Server
from tickfire.store.schema import BINARY_HEADER, TICK

COUNT = 600
INSTRUMENTS = 2


def volume(joined: Joined, symbol: str) -> int:
    return sum(payload["volume"] for payload in joined.of("tick") if payload["symbol"] == symbol)


async def all_of(joined: Joined, symbol: str, wanted: int) -> None:
    await joined.until(lambda joined: volume(joined, symbol) >= wanted, f"{wanted} of {symbol}")
    assert volume(joined, symbol) == wanted


def rows_of(rows: Any, instrument: int) -> Any:
    return rows[(rows["instrument_id"] == instrument) & (rows["kind"] == 1)]


@pytest.mark.parametrize("vsn", ["1.0.0", "2.0.0"])
async def test_volumes_add_up_and_the_last_price_is_the_last(
    server: Server, publisher: Publisher, vsn: str
) -> None:
    client = await server.client(vsn=vsn)
    full = await (await server.client()).join("market:realtime")
    merged = await client.join("market:realtime", {"max_hz": 20})
    for piece in np.array_split(mixed(COUNT), 12):
        publisher.publish(piece, 7)
    await full.count("tick", COUNT)
    for symbol in ("AAA", "BBB"):
        await all_of(merged, symbol, volume(full, symbol))
        last = [payload for payload in full.of("tick") if payload["symbol"] == symbol][-1]
        got = [payload for payload in merged.of("tick") if payload["symbol"] == symbol]
        assert {**got[-1], "volume": 0, "id": ""} == {**last, "volume": 0, "id": ""}
        times = [payload["ts_event"] for payload in got]
        assert times == sorted(times)
    assert len(merged.of("tick")) < COUNT


async def test_one_instrument_gets_its_ticks_and_its_newest_quote(
    server: Server, publisher: Publisher
) -> None:
    client = await server.client()
    merged = await client.join("market:AAA", {"mode": "merge"})
    rows = mixed(COUNT)
    publisher.publish(rows, 50)
    await all_of(merged, "AAA", int(rows_of(rows, 1)["size"].sum()))
    bids = rows[(rows["instrument_id"] == 1) & (rows["kind"] == 2)]
    newest = pytest.approx(int(bids["price"][-1]))

    def has_newest(joined: Joined) -> bool:
        return any(float(quote["bid"]) * 1e9 == newest for quote in joined.of("quote")[-1:])

    await merged.until(has_newest, "the newest quote")


async def test_a_resumed_client_has_the_same_volume(server: Server, publisher: Publisher) -> None:
    first, second = mixed(COUNT), mixed(COUNT)
    start = await (await server.client()).join("market:AAA")
    publisher.publish(first, 20)
    await server.reaches(publisher)
    resumed = await (await server.client()).join(
        "market:AAA", {"since": start.response["id"], "max_hz": 50}
    )
    assert resumed.response["recovered"] is True
    publisher.publish(second, 20)
    await all_of(
        resumed, "AAA", sum(int(rows_of(rows, 1)["size"].sum()) for rows in (first, second))
    )


async def test_packed_records_are_merged_and_spans_leave_no_hole(
    server: Server, publisher: Publisher
) -> None:
    client = await server.client()
    merged = await client.join("market:realtime", {"encoding": "binary", "max_hz": 30})
    rows = mixed(COUNT)
    for piece in np.array_split(rows, 5):
        publisher.publish(piece, 33)

    def headers(joined: Joined) -> Any:
        return [
            np.frombuffer(data[: BINARY_HEADER.itemsize], BINARY_HEADER)[0]
            for data in joined.of("ticks")
        ]

    def reached(joined: Joined) -> int:
        found = headers(joined)
        return int(found[-1]["position"] + found[-1]["span"]) - 1 if found else 0

    await merged.until(lambda joined: reached(joined) == len(rows), "all positions")
    at = 1
    for header in headers(merged):
        assert header["position"] == at
        at += int(header["span"])
    ticks = np.concatenate(
        [np.frombuffer(data[BINARY_HEADER.itemsize :], TICK) for data in merged.of("ticks")]
    )
    for instrument in (1, 2):
        got, given = rows_of(ticks, instrument), rows_of(rows, instrument)
        assert got["size"].sum() == given["size"].sum()
        assert got["price"][-1] == given["price"][-1]
    assert len(ticks) < len(rows)


async def test_a_quote_that_comes_back_is_shown_to_who_was_told_of_another(
    server: Server, publisher: Publisher
) -> None:
    """Nobody is live while the first quote goes: the view that remembers it does not see that."""

    def bid(price: int) -> Any:
        return tick("bid", price=price * 1_000_000_000)

    joined = await (await server.client()).join("market:AAA", {"max_hz": 100})
    publisher.publish(bid(5))
    await joined.until(lambda joined: bool(joined.of("quote")), "a quote")
    (subscription,) = server.market.subscriptions
    subscription.socket.outlet.lane = None  # as while it catches up
    publisher.publish(bid(6))
    await server.reaches(publisher)
    late = await (await server.client()).join("market:AAA", {"max_hz": 100})
    assert late.response["snapshot"]["bid"] == "6"
    publisher.publish(bid(5))
    (quote,) = await late.count("quote", 1)
    assert quote["bid"] == "5"


async def test_who_joins_late_gets_nothing_of_before(server: Server, publisher: Publisher) -> None:
    early = await (await server.client()).join("market:AAA", {"max_hz": 0.1})
    publisher.publish(trades(10))
    await all_of(early, "AAA", int(trades(10)["size"].sum()))  # the first is given at once
    publisher.publish(tick(size=7))
    await server.reaches(publisher)
    late = await (await server.client()).join("market:AAA", {"max_hz": 0.1})
    await all_of(early, "AAA", int(trades(10)["size"].sum()) + 7)
    assert not late.of("tick")


@pytest.mark.parametrize(
    "params",
    [
        {"mode": "some"},
        {"mode": 1},
        {"mode": "full", "max_hz": 5},
        {"max_hz": 0},
        {"max_hz": 1000},
        {"max_hz": "5"},
        {"max_hz": True},
    ],
)
async def test_params_that_make_no_sense_are_refused(
    server: Server, publisher: Publisher, params: dict[str, Any]
) -> None:
    joined = await (await server.client()).join("market:realtime", params)
    assert joined.status == "error"
    assert "max_hz" in joined.response["reason"] or "mode" in joined.response["reason"]
