"""The pipelined connection, against a real Valkey that is cut, paused and asked to refuse."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import numpy as np

from tests.support.eventually import eventually
from tickfire.ingest.writer.pipe import ACKNOWLEDGED, Pipe
from tickfire.store.schema import BAR, ENTRY_HEADER, TICK, bars_key, ticks_key
from tickfire.store.store import Store
from tickfire.store.writes import BarWrite, TickWrite, Write, tick_writes

HISTORY = 1_000_000


@asynccontextmanager
async def running(store: Store, on_progress: Callable[[], None]) -> AsyncIterator[Pipe]:
    async def verify() -> None:
        pass

    pipe = Pipe(store, 0, verify, on_progress)
    task = asyncio.create_task(pipe.run())
    try:
        yield pipe
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def entries(count: int) -> list[TickWrite]:
    """``count`` entries of three ticks each, at positions 1 to 3 * count."""
    made = []
    for i in range(count):
        ticks = np.zeros(3, TICK)
        ticks["price"] = i
        made += tick_writes(0, 3 * i + 1, ticks, 1, 2, HISTORY)
    return made


async def positions(client: Any) -> list[int]:
    return [int(entry_id.split(b"-")[0]) for entry_id, _ in await client.xrange(ticks_key(0))]


async def test_entries_arrive_in_order_and_are_acknowledged(store: Store, client: Any) -> None:
    async with running(store, lambda: None) as pipe:
        for entry in entries(500):
            pipe.send(entry)
        await asyncio.wait_for(pipe.flushed(), 10)
    assert await positions(client) == [3 * i + 3 for i in range(500)]


async def test_a_cut_connection_loses_and_doubles_nothing(store: Store, client: Any) -> None:
    everything: list[Write] = list(entries(2000))
    for i in range(50):
        everything.insert(40 * i, BarWrite(0, 120 * i, i + 1, np.zeros(2, BAR).tobytes(), HISTORY))
    async with running(store, lambda: None) as pipe:
        for i, entry in enumerate(everything):
            pipe.send(entry)
            if i % 250 == 0:
                await asyncio.sleep(0)  # let some go out
                await client.client_kill_filter(_type="normal", skipme=True)
        await asyncio.wait_for(pipe.flushed(), 30)
    assert await positions(client) == [3 * i + 3 for i in range(2000)]
    assert await client.xlen(bars_key(0)) == 50


async def test_what_waits_for_a_paused_redis_is_counted(store: Store, client: Any) -> None:
    async with running(store, lambda: None) as pipe:
        pipe.send(entries(1)[0])
        await asyncio.wait_for(pipe.flushed(), 10)
        await client.client_pause(60_000, all=False)
        for entry in entries(101)[1:]:
            pipe.send(entry)
        assert pipe.unacknowledged == 100
        await client.client_unpause()
        await asyncio.wait_for(pipe.flushed(), 10)
    assert len(await positions(client)) == 101


async def test_an_entry_is_stamped_when_it_is_sent_and_its_acknowledgement_is_timed(
    store: Store, client: Any
) -> None:
    before = time.time_ns()
    async with running(store, lambda: None) as pipe:
        pipe.send(entries(1)[0])
        await asyncio.wait_for(pipe.flushed(), 10)
        now = time.time_ns()
        ((_, fields),) = await client.xrange(ticks_key(0))
        (head,) = np.frombuffer(fields[b"h"], ENTRY_HEADER)
        assert before < head["written"] < now
        times = pipe.recent.quantiles(now)[ACKNOWLEDGED]
        assert times.count == 1 and 0 < times.p50 < now - before


async def test_a_refused_write_is_written_again_until_it_is_taken(
    store: Store, client: Any
) -> None:
    await client.config_set("maxmemory", "1")  # every XADD is refused: OOM
    async with running(store, lambda: None) as pipe:
        for entry in entries(10):
            pipe.send(entry)

        async def refused() -> bool:
            return "errorstat_OOM" in await client.info("errorstats")

        await eventually(refused, "a write is refused")
        assert pipe.unacknowledged == 10
        await client.config_set("maxmemory", "0")
        await asyncio.wait_for(pipe.flushed(), 10)
    assert len(await positions(client)) == 10


async def test_old_ticks_are_trimmed(store: Store, client: Any) -> None:
    async with running(store, lambda: None) as pipe:
        for i in range(1000):
            (entry,) = tick_writes(0, 3 * i + 1, np.zeros(3, TICK), 1, 2, history=300)
            pipe.send(entry)
        await asyncio.wait_for(pipe.flushed(), 10)
    kept = await positions(client)
    assert kept[-1] == 3000
    assert 300 <= kept[-1] - kept[0] < 1000
