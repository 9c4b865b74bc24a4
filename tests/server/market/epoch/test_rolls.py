"""Symbols whose instrument changes, and instruments whose symbol changes, at the feed's time."""

from __future__ import annotations

from functools import partial
from typing import Any

import msgspec
import numpy as np
import pytest

from tests.support.eventually import eventually
from tests.support.phoenix_client import Joined
from tests.support.publisher import DAY, FEED, SECOND, Publisher, trades
from tests.support.server import Serve
from tests.support.valkey import Valkey
from tickfire.server.market.epoch.reader import StreamReader
from tickfire.store.schema import INSTRUMENTS_KEY, Instrument, mapping_field, shard_of

MIDNIGHT = DAY + 86_400 * SECOND
NEXT = MIDNIGHT + 86_400 * SECOND
ROLL = [
    Instrument(FEED, 11, "ES.c.0", 10_000_000, DAY, MIDNIGHT, raw_symbol="ESM4", asked="ES.c.0"),
    Instrument(FEED, 12, "ES.c.0", 10_000_000, MIDNIGHT, NEXT, raw_symbol="ESU4", asked="ES.c.0"),
]
RENAMED = [
    Instrument(FEED, 21, "AAA", 10_000_000, DAY, MIDNIGHT, asked="AAA"),
    Instrument(FEED, 21, "BBB", 10_000_000, MIDNIGHT, NEXT, asked="BBB"),
]


@pytest.fixture
def table(publisher: Publisher) -> Publisher:
    rows = {mapping_field(row): msgspec.msgpack.encode(row) for row in (*ROLL, *RENAMED)}
    publisher.client.hset(INSTRUMENTS_KEY, mapping=rows)
    publisher.status("instrument")
    return publisher


def before_and_after(numbers: tuple[int, int], count: int = 6) -> Any:
    """Return trades in the last minutes of a day by one id, and in the first of the next."""
    step = 30 * SECOND
    return np.concatenate(
        [
            trades(count, numbers[0], MIDNIGHT - count * step, step),
            trades(count, numbers[1], MIDNIGHT, step),
        ]
    )


def volumes(candles: list[list[Any]]) -> int:
    return sum(row[5] for row in candles)


async def shown(client: Any, topic: str) -> list[list[Any]]:
    joined = await client.join(topic)
    assert joined.status == "ok", joined.response
    candles: list[list[Any]] = joined.response["candles"]
    await client.leave(topic)
    return candles


@pytest.mark.parametrize("live", [True, False])
@pytest.mark.parametrize("entry_size", [256, 5])
async def test_a_continuous_symbol_has_one_history_over_its_roll(
    table: Publisher, valkey: Valkey, serve: Serve, live: bool, entry_size: int
) -> None:
    ticks = before_and_after((11, 12))
    other = before_and_after((12, 11))  # trades of each outside its time as the symbol
    wanted = int(ticks["size"].sum())
    both = np.concatenate([ticks, other])
    both = both[np.argsort(both["ts_event"], kind="stable")]
    if not live:
        table.publish(both, entry_size)
    server = await serve(valkey.url)
    if live:
        client = await server.client()
        joined = await client.join("candles:ES.c.0:1m")
        table.publish(both, entry_size)
    await server.reaches(table)
    client = await server.client()
    for interval in ("1s", "1m", "5m", "1h", "1d"):
        candles = await shown(client, f"candles:ES.c.0:{interval}")
        assert volumes(candles) == wanted, interval
        times = [row[0] for row in candles]
        assert times == sorted(set(times))
    if live:
        *_, reset = await joined.count("reset", 2)
        assert volumes(reset["candles"]) == int(ticks["size"][: len(ticks) // 2].sum())
    market = await client.join("market:ES.c.0")
    newest = ticks["size"][ticks["instrument_id"] == 12]
    assert market.response["snapshot"]["volume"] == int(newest.sum())


@pytest.mark.parametrize("live", [True, False])
async def test_an_id_that_is_given_away_hands_no_candles_on(
    table: Publisher, valkey: Valkey, serve: Serve, live: bool
) -> None:
    ticks = before_and_after((21, 21))
    half = len(ticks) // 2
    if not live:
        table.publish(ticks)
    server = await serve(valkey.url)
    client = await server.client()
    if live:
        table.publish(ticks[:half])
        await server.reaches(table)
        old, new = [await client.join(f"market:{symbol}") for symbol in ("AAA", "BBB")]
        assert new.status == "ok"
        candles = await client.join("candles:BBB:1m")
        assert candles.response["candles"] == []
        table.publish(ticks[half:])
        assert len(await new.count("tick", half)) == half
        assert not old.of("tick")
        await eventually(lambda: bool(candles.of("candle")), "a candle")
        assert all(c["time"] * 1_000_000 >= MIDNIGHT for c in candles.of("candle"))
    await server.reaches(table)
    late = await server.client()
    market = await late.join("market:BBB")
    assert market.response["snapshot"]["volume"] == int(ticks["size"][half:].sum())
    for interval in ("1s", "1m", "1h", "1d"):
        parts = [await shown(late, f"candles:{symbol}:{interval}") for symbol in ("AAA", "BBB")]
        assert [volumes(part) for part in parts] == [
            int(ticks["size"][:half].sum()),
            int(ticks["size"][half:].sum()),
        ], interval


async def test_the_table_shows_what_was_asked_for_beside_the_raw_symbol(
    table: Publisher, valkey: Valkey, serve: Serve
) -> None:
    table.publish(before_and_after((11, 12)))
    server = await serve(valkey.url)
    joined = await (await server.client()).join("market:realtime")
    rows = {row["symbol"]: row for row in joined.response["instruments"]}
    assert (rows["ES.c.0"]["raw_symbol"], rows["ES.c.0"]["asked"]) == ("ESU4", "ES.c.0")
    assert rows["ES.c.0"]["instrument_id"] == 12
    assert rows["ESM4"]["instrument_id"] == 11


async def test_a_replay_that_begins_again_goes_back_to_the_first_symbols(
    table: Publisher, valkey: Valkey, serve: Serve
) -> None:
    ticks = before_and_after((21, 21))
    server = await serve(valkey.url)
    client = await server.client()
    joined = await client.join("market:realtime")
    for _ in range(2):
        table.publish(ticks)
        table.clear_all()
    await server.reaches(table)
    symbols = [tick["symbol"] for tick in await joined.count("tick", 2 * len(ticks))]
    half = len(ticks) // 2
    assert symbols == (["AAA"] * half + ["BBB"] * half) * 2


def around_the_roll(count: int = 40) -> Any:
    """Return trades of both contracts on both sides of the roll, in turn, a second apart."""
    times = MIDNIGHT + (np.arange(2 * count) - count) * SECOND
    ticks = np.concatenate([trades(2 * count, number) for number in (11, 12)])
    ticks["ts_event"] = np.concatenate([times, times])
    ticks["sequence"] = np.arange(len(ticks))
    return ticks[np.argsort(ticks["ts_event"], kind="stable")]


def of_the_roll(ticks: Any) -> list[str]:
    """Return the times of the trades of the contract that ES.c.0 stood for."""
    wanted = np.where(ticks["ts_event"] < MIDNIGHT, 11, 12) == ticks["instrument_id"]
    return [str(ts) for ts in ticks["ts_event"][wanted].tolist()]


def times(payloads: list[dict[str, Any]]) -> list[str]:
    return [payload["ts_event"] for payload in payloads]


def of_symbol(joined: Joined) -> list[dict[str, Any]]:
    return [tick for tick in joined.of("tick") if tick["symbol"] == "ES.c.0"]


def has_trades(joined: Joined, count: int) -> bool:
    return len(of_symbol(joined)) == count


@pytest.fixture(params=[1, 3, 5])
def sharded(request: pytest.FixtureRequest, valkey: Valkey) -> Publisher:
    publisher = Publisher(valkey.client, shards=request.param)
    rows = {mapping_field(row): msgspec.msgpack.encode(row) for row in ROLL}
    publisher.client.hset(INSTRUMENTS_KEY, mapping=rows)
    assert request.param == 1 or shard_of(FEED, 11, request.param) != shard_of(
        FEED, 12, request.param
    )
    return publisher


@pytest.mark.parametrize("entry_size", [256, 7])
@pytest.mark.parametrize("memory", [True, False], ids=["memory", "redis"])
async def test_a_client_resumes_across_a_roll(
    sharded: Publisher,
    valkey: Valkey,
    serve: Serve,
    monkeypatch: pytest.MonkeyPatch,
    entry_size: int,
    memory: bool,
) -> None:
    if not memory:
        monkeypatch.setattr(StreamReader, "recent", lambda self, position: None)
    ticks = around_the_roll()
    wanted = of_the_roll(ticks)
    server = await serve(valkey.url)
    live = await (await server.client()).join("market:ES.c.0")
    sharded.publish(ticks[:40], entry_size)
    await live.count("tick", 20)
    sharded.publish(ticks[40:], entry_size)
    seen = await live.count("tick", len(wanted))
    assert sorted(times(seen)) == wanted
    for since in (0, 39, 55):
        client = await server.client()
        joined = await client.join("market:ES.c.0", {"since": seen[since]["id"]})
        assert joined.response["recovered"] is True
        missing = sorted(set(wanted) - set(times(seen[: since + 1])))
        got = list(await joined.count("tick", len(missing)))
        assert times(got) == missing
        assert {tick["symbol"] for tick in got} == {"ES.c.0"}
        again = await client.join("market:realtime", {"since": seen[since]["id"]})
        await eventually(partial(has_trades, again, len(missing)), "the trades of the symbol")
        assert sorted(times(of_symbol(again))) == missing
        await client.close()


@pytest.mark.parametrize("params", [{"max_hz": 50}, {"max_hz": 1}])
async def test_conflated_trades_keep_the_symbol_that_they_had(
    sharded: Publisher, valkey: Valkey, serve: Serve, params: dict[str, Any]
) -> None:
    ticks = around_the_roll()
    wanted = of_the_roll(ticks)
    sizes = ticks["size"][[str(ts) in wanted for ts in ticks["ts_event"].tolist()]]
    server = await serve(valkey.url)
    joined = await (await server.client()).join("market:ES.c.0", params)
    sharded.publish(ticks, 16)
    last, volume = str(ticks["ts_event"][-1]), int(sizes.sum()) // 2

    def told(joined: Joined) -> int:
        return sum(tick["volume"] for tick in joined.of("tick"))

    await joined.until(lambda joined: last in times(joined.of("tick")) and told(joined) >= volume)
    assert told(joined) == volume
