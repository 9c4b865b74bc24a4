"""`pipeline:health` and `pipeline:trace` of a real server on a real Valkey."""

from __future__ import annotations

import asyncio
import math
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import accumulate
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tests.support.phoenix_client import Joined
from tests.support.publisher import STREAM, Publisher, mixed
from tests.support.server import Serve, Server
from tests.support.valkey import Valkey
from tickfire.base.recent import Quantiles
from tickfire.base.units import NS_PER_S
from tickfire.phoenix import Hub
from tickfire.server.market.epoch.data import MarketData
from tickfire.server.market.epoch.trace import TraceSampler
from tickfire.server.metrics import HOPS, Metrics
from tickfire.store.entries import TickEntry
from tickfire.store.heartbeat import Heartbeat
from tickfire.store.schema import TICK
from tickfire.store.store import Store


@asynccontextmanager
async def beating(url: str, process: str) -> AsyncIterator[None]:
    store = await Store.open(url)
    task = asyncio.create_task(Heartbeat(store, process, lambda: {"position": 0}).run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await store.close()


def states(report: dict[str, Any]) -> dict[str, str]:
    return {row["name"]: row["state"] for row in report["processes"]}


async def until(joined: Joined, process: str, state: str) -> dict[str, Any]:
    """Wait for a report in which a process has a state; return its row."""

    def found(joined: Joined) -> list[dict[str, Any]]:
        rows = joined.of("health")[-1]["processes"] if joined.of("health") else []
        return [row for row in rows if (row["name"], row["state"]) == (process, state)]

    await joined.until(lambda joined: bool(found(joined)), f"{process} {state}")
    return found(joined)[0]


async def test_the_reply_has_the_state_and_the_hops(server: Server) -> None:
    joined = await (await server.client()).join("pipeline:health")
    report = joined.response
    assert set(report) == {"now", "processes", "feeds", "hops"}
    assert list(report["hops"]) == [*HOPS, "acknowledge"]
    assert report["hops"]["parse"] == {"p50": 0, "p99": 0, "count": 0}
    (row,) = [row for row in report["processes"] if row["name"] == "server"]
    assert set(row) == {
        "name", "state", "since", "detail", "rate", "backlog", "estimated", "figures",
    }  # fmt: skip
    assert row["figures"]["clients"] == 1


async def test_a_process_that_falls_silent_is_down_and_comes_back(
    server: Server, valkey: Valkey
) -> None:
    joined = await (await server.client()).join("pipeline:health")
    async with beating(valkey.url, "infer"):
        row = await until(joined, "infer", "up")
        assert row["since"] <= joined.of("health")[-1]["now"]
    row = await until(joined, "infer", "down")
    assert int(row["since"]) < int(joined.of("health")[-1]["now"])
    async with beating(valkey.url, "infer"):
        await until(joined, "infer", "up")


async def test_a_paused_redis_is_down_until_it_answers(own_valkey: Valkey, serve: Serve) -> None:
    Publisher(own_valkey.client).instruments({1: "AAA"})
    server = await serve(own_valkey.url)
    async with beating(own_valkey.url, "news"):
        joined = await (await server.client()).join("pipeline:health")
        await until(joined, "news", "up")
        os.kill(own_valkey.pid, signal.SIGSTOP)
        try:
            await until(joined, "redis", "down")
            assert states(joined.of("health")[-1])["news"] == "unknown"
        finally:
            os.kill(own_valkey.pid, signal.SIGCONT)
        await until(joined, "redis", "up")
        await until(joined, "news", "up")


@given(st.lists(st.lists(st.integers(0, 10**8), min_size=5, max_size=5), min_size=1, max_size=60))
def test_the_quantiles_of_hops_are_those_of_the_stamps(times: list[list[int]]) -> None:
    now = 0
    sampler = TraceSampler(Hub(), Metrics(), lambda: 1, lambda: now)
    data = MarketData()
    for row in times:
        now += NS_PER_S
        received, parsed, written, read, encoded, _ = accumulate([now - sum(row), *row])
        entry = TickEntry(1, 1, np.zeros(1, TICK), received, parsed, written)
        sampler.sample(data, STREAM, entry, read, encoded)
    found = sampler.quantiles()
    for hop, column in zip(HOPS, zip(*times, strict=True), strict=True):
        ordered = sorted(column)
        count = len(ordered)
        p50, p99 = ordered[math.ceil(0.5 * count) - 1], ordered[math.ceil(0.99 * count) - 1]
        assert found[hop] == Quantiles(p50, p99, count)


async def test_the_trace_is_of_a_trade_with_its_own_id_and_price(
    server: Server, publisher: Publisher
) -> None:
    client = await server.client()
    trace = await client.join("pipeline:trace")
    instrument = await client.join("market:AAA")
    rows = mixed(3, instruments=1)  # each trade is followed by a bid
    publisher.publish(rows)
    (traced,) = await trace.count("trace", 1)
    tick = (await instrument.count("tick", 3))[-1]
    same = ("symbol", "id", "price", "volume", "ts_event")
    assert {name: traced[name] for name in same} == {name: tick[name] for name in same}
