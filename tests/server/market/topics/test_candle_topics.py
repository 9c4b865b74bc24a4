"""``candles:<SYMBOL>:<interval>`` over real sockets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tests.support.candles import as_row, replayed
from tests.support.phoenix_client import Joined
from tests.support.publisher import DAY, SECOND, Publisher, tick, trades
from tests.support.reference.candles import sent
from tests.support.server import Serve, Server
from tests.support.valkey import Valkey
from tickfire.store.schema import BAR, BAR_LATE, INTERVALS_S

MS = 1_000_000


def shows(history: list[list[Any]], want: list[list[Any]]) -> Callable[[Joined], bool]:
    return lambda joined: replayed(history, joined.of("candle")) == want


def latest(joined: Joined) -> dict[str, Any]:
    nothing = {"time": 0, "closed": False, "trades": 0}
    candles: list[dict[str, Any]] = joined.of("candle")
    return candles[-1] if candles else nothing


async def test_history_and_updates_make_the_bars_of_all_trades(
    server: Server, publisher: Publisher
) -> None:
    rows = trades(3000, step=SECOND // 2)
    publisher.publish(rows[:1000], entry_size=50)
    await server.reaches(publisher)
    client = await server.client()
    topics = {
        name: await client.join(f"candles:AAA:{name}", {"limit": 5000}) for name in INTERVALS_S
    }
    assert topics["1m"].response["tick_size"] == "0.01"
    for name, seconds in INTERVALS_S.items():
        assert topics[name].response["candles"] == sent(rows[:1000], seconds), name
    publisher.publish(rows[1000:], entry_size=50)
    for name, seconds in INTERVALS_S.items():
        want, joined = sent(rows, seconds), topics[name]
        history = joined.response["candles"]
        await joined.until(shows(history, want), name)
        closed = [candle for candle in joined.of("candle") if candle["closed"]]
        times = [candle["time"] for candle in closed]
        assert times == sorted(set(times)), f"{name}: each bar closes once, in order"
        done = {row[0]: row for row in want[:-1]}
        assert all(as_row(candle) == done[candle["time"]] for candle in closed)
        assert set(times) >= {row[0] for row in want[:-1]} - {row[0] for row in history[:-1]}


async def test_a_join_has_a_limit(server: Server, publisher: Publisher) -> None:
    publisher.publish(trades(100, step=SECOND))
    await server.reaches(publisher)
    client = await server.client()
    joined = await client.join("candles:AAA:1s", {"limit": 7})
    assert [row[0] for row in joined.response["candles"]] == [
        (DAY + i * SECOND) // MS for i in range(93, 100)
    ]
    assert (await client.join("candles:AAA:1s", {"limit": 0})).status == "error"


async def test_feed_time_closes_a_bar_once(server: Server, publisher: Publisher) -> None:
    joined = await (await server.client()).join("candles:AAA:1m")
    publisher.publish(trades(5))
    await joined.count("candle", 1)
    publisher.close_bars(DAY + 120 * SECOND)
    await joined.until(lambda joined: latest(joined)["closed"])
    publisher.publish(tick(at=DAY + 180 * SECOND))
    await joined.until(lambda joined: latest(joined)["time"] > DAY // MS)
    closes = [candle["time"] for candle in joined.of("candle") if candle["closed"]]
    assert closes == [DAY // MS]


async def test_the_last_minute_closes_the_longer_bars_that_it_ends(
    server: Server, publisher: Publisher
) -> None:
    joined = await (await server.client()).join("candles:AAA:5m")
    publisher.publish(tick(at=DAY + 250 * SECOND))
    publisher.close_bars(DAY + 301 * SECOND)
    await joined.until(lambda joined: latest(joined)["closed"])


async def test_a_late_trade_changes_its_own_bar(server: Server, publisher: Publisher) -> None:
    joined = await (await server.client()).join("candles:AAA:1s")
    publisher.publish(np.concatenate([tick(at=DAY), tick(at=DAY + 5 * SECOND)]))
    late = tick(price=150 * SECOND, at=DAY + 1)
    publisher.publish(np.concatenate([late, tick(at=DAY + 6 * SECOND)]))
    await joined.until(lambda joined: latest(joined)["time"] == DAY // MS + 6000)
    first = [candle for candle in joined.of("candle") if candle["time"] == DAY // MS][-1]
    assert (first["high"], first["trades"], first["closed"]) == ("150", 2, True)
    pieces = np.frombuffer(
        b"".join(fields[b"d"] for _, fields in publisher.client.xrange("bars:{1.0}")), BAR
    )
    assert (pieces["flags"] & BAR_LATE).any()


async def test_a_replay_that_begins_again_resets(server: Server, publisher: Publisher) -> None:
    joined = await (await server.client()).join("candles:AAA:1s")
    publisher.publish(trades(100))
    await server.reaches(publisher)
    publisher.clear_all()
    publisher.publish(trades(3))
    (reset,) = await joined.count("reset", 1)
    assert len(reset["candles"]) == 1
    publisher.publish(trades(100), entry_size=9)  # partly late, but no session begins
    await joined.until(lambda joined: latest(joined)["time"] == DAY // MS + 9000)
    assert len(joined.of("reset")) == 1


async def test_a_server_that_starts_later_shows_the_same(
    publisher: Publisher, valkey: Valkey, serve: Serve
) -> None:
    rows = trades(2000, step=SECOND // 2)
    publisher.publish(rows[:700], entry_size=40)
    publisher.snapshot()
    publisher.publish(rows[700:1500], entry_size=40)
    publisher.close_bars(int(rows["ts_event"][1499]) + 5 * SECOND)
    server = await serve(valkey.url)
    client = await server.client()
    for name, seconds in INTERVALS_S.items():
        joined = await client.join(f"candles:AAA:{name}", {"limit": 5000})
        assert joined.response["candles"] == sent(rows[:1500], seconds), name
    snapshot = (await client.join("market:AAA")).response["snapshot"]
    assert snapshot["volume"] == int(rows["size"][:1500].sum())


async def test_bars_that_a_feed_made_itself_are_shown(server: Server, publisher: Publisher) -> None:
    joined = await (await server.client()).join("candles:BBB:1m")
    bar = np.zeros(1, BAR)
    bar["start"], bar["interval_s"], bar["feed"], bar["instrument_id"] = DAY, 60, 1, 2
    bar["open"] = bar["high"] = bar["low"] = bar["close"] = 7 * SECOND
    bar["volume"] = 5
    publisher.positions[0] += 1
    publisher.write_bars(0, bar)
    (candle,) = await joined.count("candle", 1)
    assert as_row(candle) == [DAY // MS, "7", "7", "7", "7", 5, 0, None]


async def test_history_that_is_filled_in_resets_once_and_is_older_than_what_was_there(
    server: Server, publisher: Publisher
) -> None:
    publisher.publish(trades(10))
    joined = await (await server.client()).join("candles:AAA:5m")
    bars = np.zeros(200, BAR)
    bars["start"] = DAY - np.arange(200, 0, -1) * 60 * SECOND
    bars["interval_s"], bars["feed"], bars["instrument_id"] = 60, 1, 1
    bars["open"] = bars["high"] = bars["low"] = bars["close"] = 7 * SECOND
    bars["volume"], bars["flags"] = 5, BAR_LATE
    publisher.write_bars(0, bars)
    (reset,) = await joined.count("reset", 1)
    times = [row[0] for row in reset["candles"]]
    assert times == [DAY // MS + minute * 60_000 for minute in range(-200, 1, 5)]
    assert [row[5] for row in reset["candles"][:-1]] == [25] * 40
    assert len(joined.of("candle")) <= 1


async def test_updates_are_merged_and_closes_are_not(server: Server, publisher: Publisher) -> None:
    joined = await (await server.client()).join("candles:AAA:1s")
    for i in range(200):
        publisher.publish(tick(at=DAY + i * SECOND // 20))
    await joined.until(lambda joined: sum(c["closed"] for c in joined.of("candle")) == 9)
    await joined.until(lambda joined: latest(joined)["trades"] == 20)
    updates = [candle for candle in joined.of("candle") if not candle["closed"]]
    assert len(updates) < 150
