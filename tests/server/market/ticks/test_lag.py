"""A client that lags behind: conflated beyond the maximum lag, told so, and then disconnected."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from tests.support.eventually import eventually
from tests.support.publisher import Publisher, mixed, trades
from tests.support.raw_client import ENOUGH, RawClient
from tests.support.server import Serve, Server
from tests.support.valkey import Valkey
from tickfire.server.market.ticks import lag
from tickfire.server.market.ticks.lag import LagWatch
from tickfire.server.market.ticks.positions import WireId
from tickfire.store.schema import Stream

BATCH = 3_000
INSTRUMENTS = 2


class Slow:
    """A server with a short maximum lag, and a client that can stop reading."""

    def __init__(self, server: Server, publisher: Publisher) -> None:
        self.server, self.publisher = server, publisher
        self.client = RawClient(server.port)

    async def begin(self, topic: str = "market:realtime", **params: Any) -> Slow:
        await asyncio.to_thread(self.client.connect, self.server.port)
        self.client.join(topic, params)
        assert (await asyncio.to_thread(self.client.message))[3] == "phx_reply"
        return self

    def count(self, name: str, **labels: str) -> float | None:
        registry = self.server.market.metrics.registry
        return registry.get_sample_value(f"tickfire_{name}", labels)

    @property
    def catching_up(self) -> int:
        return int(self.count("catching_up") or 0)

    async def fall_behind(self) -> None:
        """Publish until the client is behind, and as much again, unless it is evicted meanwhile."""
        more, before = 4, self.catching_up
        while more and not self.count("evicted_total", cause="lag"):
            assert self.publisher.positions[0] < 8 * ENOUGH, "it never falls behind"
            await self.publish(BATCH)
            more -= self.catching_up > before

    async def publish(self, count: int) -> None:
        """Publish beside the event loop, in which the lag is measured."""
        rows = mixed(count, INSTRUMENTS)
        await asyncio.to_thread(self.publisher.publish, rows, entry_size=100)
        await self.server.reaches(self.publisher)

    async def until_conflated(self) -> None:
        await eventually(lambda: self.count("conflated") == 1, "it is conflated")

    async def read_until(self, event: str, state: str) -> list[Any]:
        """Read until the ``status`` of a state; return all events."""

        def read() -> list[Any]:
            self.client.read_much()
            got = [self.client.message()[3:]]
            while got[-1][0] != event or got[-1][1].get("state") != state:
                got.append(self.client.message()[3:])
            return got

        return await asyncio.to_thread(read)


@pytest.fixture
async def slow(publisher: Publisher, valkey: Valkey, serve: Serve) -> Any:
    server = await serve(valkey.url, max_lag_s=0.3)
    slow = Slow(server, publisher)
    yield slow
    slow.client.close()


@pytest.fixture
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Disconnect nobody."""
    monkeypatch.setattr(lag, "PATIENCE", 1_000)


def position_of(wire_id: str) -> int:
    return WireId.parse(wire_id).parts[0].positions[0]


def volumes(rows: Any) -> dict[str, int]:
    """Return the volume of each symbol in TICK[]."""
    own = {"AAA": 1, "BBB": 2}
    is_trade = rows["kind"] == 1
    return {
        symbol: int(rows["size"][is_trade & (rows["instrument_id"] == key)].sum())
        for symbol, key in own.items()
    }


async def test_it_is_told_which_ticks_were_merged_and_no_volume_is_lost(
    patience: None, slow: Slow
) -> None:
    await slow.begin()
    published = []

    async def publish(count: int) -> None:
        published.append(mixed(count, INSTRUMENTS))
        await slow.publish(count)

    more = 4
    while more:
        await publish(BATCH)
        more -= slow.catching_up
    await slow.until_conflated()
    await publish(BATCH)
    got = await slow.read_until("status", "live")
    ticks = [payload for event, payload in got if event == "tick"]
    statuses = [payload for event, payload in got if event == "status"]
    assert {payload["state"] for payload in statuses[:-1]} == {"conflated"}
    last = statuses[-1]
    assert len({payload["since"] for payload in statuses}) == 1
    assert len({payload["from"] for payload in statuses}) == 1
    assert [payload["merged"] for payload in statuses] == sorted(s["merged"] for s in statuses)
    total = sum(BATCH for _ in published)
    assert last["merged"] == total - len(ticks) > 0
    assert slow.count("merged_trades_total") == last["merged"]
    got_volumes = {
        symbol: sum(tick["volume"] for tick in ticks if tick["symbol"] == symbol)
        for symbol in ("AAA", "BBB")
    }
    assert got_volumes == volumes(np.concatenate(published))
    begin, end = position_of(last["from"]), position_of(last["to"])
    whole = [position_of(tick["id"]) for tick in ticks if position_of(tick["id"]) <= begin]
    assert whole == list(range(1, begin + 1, 2)), "before it, every trade has a tick"
    assert end == slow.publisher.positions[0]
    await eventually(lambda: slow.count("conflated") == 0, "it is live again")
    assert slow.count("conflations_total") == 1
    assert slow.count("evicted_total", cause="lag") == 0


async def test_what_was_merged_can_be_fetched_by_its_begin(patience: None, slow: Slow) -> None:
    await slow.begin()
    await slow.fall_behind()
    await slow.until_conflated()
    got = await slow.read_until("status", "live")
    begin = position_of(got[-1][1]["from"])
    again = await (await slow.server.client()).join(
        "market:realtime", {"since": got[-1][1]["from"]}
    )
    trades_left = (slow.publisher.positions[0] - begin) // 2
    healed = await again.count("tick", trades_left)
    assert position_of(healed[0]["id"]) == begin + (1 if begin % 2 == 0 else 2)
    assert len(healed) == trades_left


async def test_it_is_disconnected_if_it_only_sends_heartbeats(slow: Slow) -> None:
    await slow.begin()
    await slow.fall_behind()

    def is_evicted() -> bool:
        if slow.count("catching_up"):
            slow.client.heartbeat()
        return slow.count("evicted_total", cause="lag") == 1

    await eventually(is_evicted, "it is evicted")
    await eventually(lambda: not len(slow.server.market.subscriptions), "it is forgotten")
    assert slow.count("conflated") == slow.count("catching_up") == 0

    def read() -> bytes:
        slow.client.read_much()
        return slow.client.close_frame()

    frame = await asyncio.to_thread(read)
    assert (int.from_bytes(frame[:2], "big"), frame[2:]) == (1013, b"slow")


async def test_a_backlog_that_was_asked_for_is_no_lag(slow: Slow) -> None:
    slow.publisher.publish(trades(2 * ENOUGH))
    await slow.server.reaches(slow.publisher)
    await slow.begin(since=slow.publisher.id(0))
    await eventually(lambda: slow.count("catching_up") == 1, "it catches up")
    other = Slow(slow.server, slow.publisher)
    await other.begin()
    await other.fall_behind()
    await eventually(lambda: slow.count("evicted_total", cause="lag") == 1, "the other is evicted")
    await eventually(lambda: len(slow.server.market.subscriptions) == 1, "the other is forgotten")
    assert slow.count("catching_up") == 1, "this one is not"
    assert slow.count("conflations_total") == 1
    other.client.close()


class Laggard:
    """A subscriber that notes how it is judged."""

    def __init__(self, reached: int) -> None:
        self.place = {STREAM: reached}
        self.is_blocked = True
        self.judged: list[str] = []

    def conflate(self) -> None:
        self.judged.append("conflate")

    def evict(self) -> None:
        self.judged.append("evict")


STREAM = Stream(1, 0)


async def until(laggard: Laggard, verdict: str) -> None:
    await eventually(lambda: verdict in laggard.judged, verdict)


@pytest.fixture
def positions() -> Iterator[dict[Stream, int]]:
    yield {STREAM: 10}


async def test_the_lag_is_the_age_of_the_oldest_tick_that_was_not_sent(
    positions: dict[Stream, int],
) -> None:
    watch = LagWatch(lambda: positions, 0.05)
    level, behind, reading = Laggard(10), Laggard(9), Laggard(9)
    reading.is_blocked = False
    for laggard in (level, behind, reading):
        watch.add(laggard)
    await until(behind, "conflate")
    await until(behind, "evict")
    assert behind.judged.index("conflate") < behind.judged.index("evict")
    assert not level.judged, "it lacks nothing"
    assert not reading.judged, "it waits for the server, not for its client"
    positions[STREAM] = 11
    await until(level, "conflate")
    watch.close()
    assert watch.watched == 0


async def test_after_a_pause_of_the_server_nobody_is_disconnected_unconflated(
    positions: dict[Stream, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    loop, patience_s = asyncio.get_running_loop(), 100.0
    watch = LagWatch(lambda: positions, patience_s)
    behind = Laggard(9)
    watch.add(behind)
    later = loop.time() + 100 * patience_s
    monkeypatch.setattr(loop, "time", lambda: later)
    watch._check()
    assert behind.judged == ["conflate"]
    watch._check()
    assert behind.judged == ["conflate", "evict"]
    watch.close()


async def test_without_a_maximum_nobody_is_watched(positions: dict[Stream, int]) -> None:
    watch = LagWatch(lambda: positions, 0)
    watch.add(Laggard(9))
    assert watch.watched == 0


async def test_lags_are_measured_anew_when_positions_change_their_meaning(
    positions: dict[Stream, int],
) -> None:
    watch = LagWatch(lambda: positions, 0.05)
    laggard = Laggard(10)
    watch.add(laggard)
    positions[STREAM] = 0
    watch.restart()
    assert not laggard.judged
    positions[STREAM] = 11
    await until(laggard, "conflate")
    watch.remove(laggard)
    watch.close()
