"""Ticks of a market: live, resumed, in batches, with gaps reported."""

from __future__ import annotations

import asyncio
from typing import Any

import numpy as np
import pytest

from tests.support.eventually import eventually
from tests.support.publisher import Publisher, mixed, trades
from tests.support.server import Serve, Server
from tests.support.valkey import Valkey
from tickfire.client import Gap, JoinRefusedError, Market, Notice, Tick, TickBatch
from tickfire.client.market import packed
from tickfire.store import schema

WITHIN_S = 60.0


def url(server: Server) -> str:
    return f"http://127.0.0.1:{server.port}"


async def test_ticks_come_from_an_id_on(publisher: Publisher, server: Server) -> None:
    start = publisher.id(0)
    publisher.publish(trades(10))
    ticks = await Market(url(server)).ticks(since=start).take(10, WITHIN_S)
    assert [tick.id for tick in ticks] == [publisher.id(n) for n in range(1, 11)]
    assert [tick.symbol for tick in ticks] == ["AAA"] * 10
    assert ticks[3].price * packed.PRICE_SCALE == int(trades(10)["price"][3])


async def test_live_ticks_of_one_symbol(publisher: Publisher, server: Server) -> None:
    async with Market(url(server)) as market:
        stream = market.ticks(symbols=["BBB"])
        taking = asyncio.create_task(stream.take(5, WITHIN_S))
        await _until_joined(stream)
        publisher.publish(mixed(10))
        assert [tick.symbol for tick in await taking] == ["BBB"] * 5


async def test_two_streams_of_ticks_have_a_connection_each(
    publisher: Publisher, server: Server
) -> None:
    start = publisher.id(0)
    publisher.publish(mixed(10))
    async with Market(url(server)) as market:
        one, other = await asyncio.gather(
            market.ticks(symbols=["AAA"], since=start).take(5, WITHIN_S),
            market.ticks(symbols=["BBB"], since=start).take(5, WITHIN_S),
        )
    assert {tick.symbol for tick in one} == {"AAA"}
    assert {tick.symbol for tick in other} == {"BBB"}


@pytest.mark.parametrize("transport", ["websocket", "longpoll"])
async def test_batches_hold_all_kinds(publisher: Publisher, server: Server, transport: str) -> None:
    start, sent = publisher.id(0), mixed(50)
    publisher.publish(sent)
    wanted = sent if transport == "websocket" else sent[sent["kind"] == schema.TICK_TRADE]
    market = Market(url(server), transport=transport)
    got: list[TickBatch] = []
    async with asyncio.timeout(WITHIN_S):
        async for batch in market.batches(since=start):
            got.append(batch)
            if sum(map(len, got)) >= len(wanted):
                break
    rows = np.concatenate([batch.ticks for batch in got])
    for name in ("ts_event", "price", "size", "instrument_id", "kind", "side"):
        assert np.array_equal(rows[name], wanted[name]), name
    assert got[0].symbols[0] == "AAA"
    assert got[-1].id == publisher.id(len(sent) if transport == "websocket" else len(sent) - 1)


async def test_ticks_over_long_poll(publisher: Publisher, server: Server) -> None:
    start = publisher.id(0)
    publisher.publish(trades(300))
    market = Market(url(server), transport="longpoll")
    ticks = await market.ticks(since=start).take(300, WITHIN_S)
    assert [tick.id for tick in ticks] == [publisher.id(n) for n in range(1, 301)]


async def test_a_gap_is_a_notice_at_its_place(publisher: Publisher, server: Server) -> None:
    start = publisher.id(0)
    items: list[Tick | Notice] = []
    stream = Market(url(server)).ticks(since=start, notices=True)

    async def read() -> None:
        async for item in stream:
            items.append(item)
            if len(items) == 7:
                return

    reading = asyncio.create_task(read())
    await _until_joined(stream)
    publisher.publish(trades(3))
    publisher.skip(2)
    publisher.publish(trades(3))
    await asyncio.wait_for(reading, WITHIN_S)
    gap = items[3]
    assert isinstance(gap, Gap)
    assert (gap.cause, gap.start, gap.end) == ("lost", publisher.id(3), publisher.id(5))
    assert stream.gaps == [gap]


async def test_ticks_that_are_trimmed_are_a_gap(
    publisher: Publisher, valkey: Valkey, serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    start = publisher.id(0)
    publisher.publish(trades(20), entry_size=5)
    publisher.trim(11)
    server = await serve(valkey.url)
    stream = Market(url(server)).ticks(since=start)
    ticks = await stream.take(10, WITHIN_S)
    assert [tick.id for tick in ticks] == [publisher.id(n) for n in range(11, 21)]
    (gap,) = stream.gaps
    assert (gap.cause, gap.start, gap.end) == ("not recovered", start, publisher.id(10))
    assert "no longer has the ticks" in caplog.text


async def test_an_id_of_another_epoch_is_a_gap(publisher: Publisher, server: Server) -> None:
    stream = Market(url(server)).ticks(since="01ffffffffffffff-a")
    taking = asyncio.create_task(stream.take(2, WITHIN_S))
    await _until_joined(stream)
    publisher.publish(trades(2))
    assert len(await taking) == 2
    assert [gap.cause for gap in stream.gaps] == ["not recovered"]


async def test_an_unknown_symbol_raises(server: Server) -> None:
    for symbols in ("NONE", ["NONE"]):
        with pytest.raises(JoinRefusedError, match=r"unknown symbol NONE; `instruments\(\)`"):
            await Market(url(server)).ticks(symbols).take(1, WITHIN_S)
    with pytest.raises(JoinRefusedError, match="unknown interval; there are 1s, 1m"):
        await Market(url(server)).candles("AAA", "7m").take(1, WITHIN_S)


@pytest.mark.parametrize("wrong", ["127.0.0.1:4000", "localhost:4000", "http:///x", "http://h:x"])
def test_an_address_of_no_server_raises(wrong: str) -> None:
    with pytest.raises(ValueError, match="is no address of a server, such as") as error:
        Market(wrong)
    assert repr(wrong) in str(error.value)


def test_the_layouts_are_those_of_the_server() -> None:
    assert packed.TICK == schema.TICK
    assert packed.HEADER == schema.BINARY_HEADER_2
    kinds = (schema.TICK_TRADE, schema.TICK_BID, schema.TICK_ASK, schema.TICK_CLEAR)
    assert tuple(packed.KINDS) == kinds


async def _until_joined(stream: Any) -> None:
    def joined() -> bool:
        return stream._channel is not None and stream._channel.is_joined

    await eventually(joined, "the topic is joined")
