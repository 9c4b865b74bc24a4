"""Joining with ``since`` in an epoch that has ended: the archive has the rest, then Redis."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.support.phoenix_client import Joined
from tests.support.publisher import Publisher, mixed, trades
from tests.support.recording import SYMBOLS, recorded
from tests.support.resumed import ids, packed_of, records
from tests.support.server import Serve
from tests.support.valkey import Valkey
from tickfire.server.market.epoch.ended import ArchivedEpoch
from tickfire.server.market.ticks.views import REALTIME


@pytest.mark.parametrize("epochs", [1, 2])
async def test_an_ended_epoch_is_recovered(
    valkey: Valkey, serve: Serve, archive: str, epochs: int
) -> None:
    async with recorded(valkey, archive) as past:
        for number in range(epochs):
            past.publish(mixed(400 + 100 * number))
            await past.settles()
            await past.begin_epoch()
        past.publish(mixed(300))
        server = await serve(valkey.url, archive=archive)
        await server.reaches(past.publisher)
        since = {"since": past.ids[100]}
        realtime = await (await server.client()).join(REALTIME, since)
        assert realtime.response["recovered"] is True
        past.publish(mixed(10))
        await realtime.count("tick", len(past.ids) - 101)
        assert ids(realtime) == past.ids[101:]
        one = await (await server.client()).join("market:AAA", since)
        some = await (await server.client()).join(REALTIME, {**since, "symbols": ["BBB"]})
        for joined, symbol in ((one, "AAA"), (some, "BBB")):
            expected = [each for each in realtime.of("tick") if each["symbol"] == symbol]
            assert await joined.count("tick", len(expected)) == expected
        packed = {**since, "encoding": "binary", "header": 2}
        binary = await (await server.client()).join(REALTIME, packed)
        await binary.until(lambda joined: len(records(joined)) >= len(past.ticks) - 201)
        assert records(binary) == past.ticks[201:]
        assert len({each.epoch for each in packed_of(binary)}) == epochs + 1
        for joined in (realtime, one, some, binary):
            assert not joined.of("gap", "instruments")


@pytest.mark.parametrize("params", [{"max_hz": 100}, {}])
async def test_a_client_that_was_cut_within_a_merged_write_of_an_ended_epoch_gets_the_rest(
    valkey: Valkey, serve: Serve, archive: str, params: dict[str, float]
) -> None:
    async with recorded(valkey, archive) as past:
        past.publish(mixed(100))
        epoch, end = past.publisher.epoch.hex(), past.publisher.id(7)
        # Of AAA at 1 and 5 and BBB at 3 and 7, it has the trades of AAA.
        since = f"{epoch}-2~5~7"
        lost = f"{epoch}-5k~5m~5q"  # which ends after the epoch
        volume = sum(range(1, 6)) * 20
        await past.settles()
        await past.begin_epoch()
        past.publish(mixed(10))
        server = await serve(valkey.url, archive=archive)
        await server.reaches(past.publisher)
        joined = await (await server.client()).join(REALTIME, {"since": since, **params})
        assert joined.response["recovered"] is True

        def told(joined: Joined) -> int:
            return sum(tick["volume"] for tick in joined.of("tick"))

        whole = volume + sum(1 + n % 5 for n in range(10)) - (1 + 3)
        await joined.until(lambda joined: told(joined) >= whole, "all volume")
        assert told(joined) == whole
        assert joined.of("tick")[0]["id"] == end
        assert joined.of("tick")[0]["volume"] == 2 + 4
        again = await (await server.client()).join(REALTIME, {"since": lost})
        assert again.response["recovered"] is False
        assert again.response["missed"]["from"] == lost


async def test_epochs_of_several_feeds_have_ended(
    valkey: Valkey, serve: Serve, archive: str
) -> None:
    async with recorded(valkey, archive) as past:
        second = Publisher(valkey.client, feed=2)
        second.instruments(SYMBOLS)
        second.publish(trades(60), 20)
        past.publish(trades(80))
        await past.settles(second)
        since = f"{past.publisher.id(30)}_{second.id(10)}"
        old = [f"{past.publisher.id(n)}_{second.id(10)}" for n in range(31, 81)]
        mark = second.epoch
        past.publisher.client.flushall()
        past.publisher.begin_epoch()
        past.publisher.instruments(SYMBOLS)
        second.begin_epoch()
        second.instruments(SYMBOLS)
        new = second.epoch
        second.epoch = mark
        old += [f"{past.publisher.id(0)}_{second.id(n)}" for n in range(11, 61)]
        second.epoch = new
        server = await serve(valkey.url, archive=archive)
        await server.reaches(past.publisher)
        await server.reaches(second)
        joined = await (await server.client()).join(REALTIME, {"since": since})
        assert joined.response["recovered"] is True
        await joined.count("tick", 100)
        past.publish(trades(5))
        await joined.count("tick", 105)
        assert ids(joined)[:100] == old
        symbols = [each["symbol"] for each in joined.of("tick")]
        assert symbols == ["AAA"] * 50 + ["2/AAA"] * 50 + ["AAA"] * 5
        assert not joined.of("gap")
        one = await (await server.client()).join("market:2/AAA", {"since": old[-1].split("_")[1]})
        assert one.response["recovered"] is True


async def test_an_epoch_that_ends_while_a_client_is_in_the_past(
    valkey: Valkey, serve: Serve, archive: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It goes on through both epochs; a live client is told of a gap."""
    gate = asyncio.Event()
    read = ArchivedEpoch.ticks_after

    async def waiting(self: Any, *arguments: Any) -> Any:
        await gate.wait()
        return await read(self, *arguments)

    monkeypatch.setattr(ArchivedEpoch, "ticks_after", waiting)
    async with recorded(valkey, archive) as past:
        past.publish(mixed(200))
        await past.settles()
        await past.begin_epoch()
        past.publish(mixed(100))
        server = await serve(valkey.url, archive=archive)
        await server.reaches(past.publisher)
        live = await (await server.client()).join(REALTIME)
        joined = await (await server.client()).join(REALTIME, {"since": past.ids[20]})
        assert joined.response["recovered"] is True
        await past.settles()
        await past.begin_epoch()
        past.publish(mixed(50))
        await live.count("gap", 1)
        await server.reaches(past.publisher)
        assert not joined.of("tick")
        gate.set()
        await joined.count("tick", len(past.ids) - 21)
        assert ids(joined) == past.ids[21:]
        assert not joined.of("gap")
