"""Batches through a pipe, against a real Valkey that is cut, paused, set back or refuses."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import numpy as np
import pytest

from tests.support.eventually import TIMEOUT_S, eventually
from tests.support.pipes import claim, piping
from tests.support.publisher import STREAM
from tickfire.ingest.redis.server import EmbeddedRedis
from tickfire.ingest.writer.claims import replace_head
from tickfire.ingest.writer.pipe import ACKNOWLEDGED, Pipe
from tickfire.store.head import decode_head
from tickfire.store.lease import LeaseLost
from tickfire.store.schema import (
    BAR,
    ENTRY_HEADER,
    TICK,
    bars_key,
    cursors_key,
    head_key,
    ticks_key,
)
from tickfire.store.store import Store
from tickfire.store.writes import BarWrite, CursorWrite, Write, tick_writes

HISTORY = 1_000_000
TICKS = 3
"""Ticks of each batch of `send`."""


def ticks(i: int, history: int = HISTORY) -> list[Write]:
    """Return the entry of the ``i``-th three ticks, from 0."""
    rows = np.zeros(TICKS, TICK)
    rows["price"] = i
    return [*tick_writes(STREAM, TICKS * i + 1, rows, 1, 2, history)]


def send(pipe: Pipe, i: int, *more: Write) -> None:
    pipe.send([*ticks(i), *more], TICKS * (i + 1), i + 2)


async def positions(client: Any) -> list[int]:
    return [int(entry_id.split(b"-")[0]) for entry_id, _ in await client.xrange(ticks_key(STREAM))]


async def flushed(pipe: Pipe) -> None:
    await asyncio.wait_for(pipe.flushed(), TIMEOUT_S)


async def test_batches_arrive_in_order_and_are_acknowledged(store: Store, client: Any) -> None:
    async with piping(store) as pipe:
        for i in range(500):
            send(pipe, i)
        await flushed(pipe)
        assert pipe.bytes_waiting == 0
    assert await positions(client) == [TICKS * i + TICKS for i in range(500)]
    head = decode_head(await client.get(head_key(STREAM)))
    assert head is not None
    assert (head.position, head.bar_index) == (1500, 501)


async def test_a_cut_connection_loses_and_doubles_nothing(store: Store, client: Any) -> None:
    async with piping(store) as pipe:
        for i in range(2000):
            bar = BarWrite(STREAM, TICKS * (i + 1), i + 1, np.zeros(2, BAR).tobytes(), HISTORY)
            send(pipe, i, bar, CursorWrite(STREAM, {b"at": b"%d" % i}))
            if i % 250 == 0:
                await asyncio.sleep(0)  # let some go out
                await client.client_kill_filter(_type="normal", skipme=True)
        await flushed(pipe)
    assert await positions(client) == [TICKS * i + TICKS for i in range(2000)]
    assert await client.xlen(bars_key(STREAM)) == 2000
    assert await client.hget(cursors_key(STREAM), "at") == b"1999"


async def test_what_waits_for_a_paused_redis_is_counted(store: Store, client: Any) -> None:
    async with piping(store) as pipe:
        send(pipe, 0)
        await flushed(pipe)
        await client.client_pause(60_000, all=False)
        for i in range(1, 101):
            send(pipe, i)
        assert pipe.bytes_waiting == 100 * TICKS * TICK.itemsize
        await client.client_unpause()
        await flushed(pipe)
    assert len(await positions(client)) == 101


async def test_an_entry_is_stamped_when_it_is_sent_and_its_acknowledgement_is_timed(
    store: Store, client: Any
) -> None:
    before = time.time_ns()
    async with piping(store) as pipe:
        send(pipe, 0)
        await flushed(pipe)
        now = time.time_ns()
        ((_, fields),) = await client.xrange(ticks_key(STREAM))
        (head,) = np.frombuffer(fields[b"h"], ENTRY_HEADER)
        assert before < head["written"] < now
        times = pipe.recent.quantiles(now)[ACKNOWLEDGED]
        assert times.count == 1 and 0 < times.p50 < now - before


async def test_a_refused_batch_is_written_again_until_it_is_taken(
    store: Store, client: Any
) -> None:
    async with piping(store) as pipe:
        send(pipe, 0)
        await flushed(pipe)
        await client.config_set("maxmemory", "1")  # every write is refused: OOM
        for i in range(1, 11):
            send(pipe, i)

        async def refused() -> bool:
            return "errorstat_OOM" in await client.info("errorstats")

        await eventually(refused, "a write is refused")
        assert pipe.unacknowledged
        await client.config_set("maxmemory", "0")
        await flushed(pipe)
    assert await positions(client) == [TICKS * i + TICKS for i in range(11)]


async def test_a_forgotten_script_is_loaded_again(store: Store, client: Any) -> None:
    async with piping(store) as pipe:
        send(pipe, 0)
        await flushed(pipe)
        await client.script_flush()
        for i in range(1, 50):
            send(pipe, i)
        await flushed(pipe)
    assert await positions(client) == [TICKS * i + TICKS for i in range(50)]


async def test_old_ticks_are_trimmed(store: Store, client: Any) -> None:
    async with piping(store) as pipe:
        for i in range(1000):
            pipe.send(ticks(i, history=300), TICKS * (i + 1), 1)
        await flushed(pipe)
    kept = await positions(client)
    assert kept[-1] == 3000
    assert 300 <= kept[-1] - kept[0] < 1000


async def test_batches_lost_after_their_acknowledgement_are_written_again(
    store: Store, client: Any
) -> None:
    """As after a failover to a replica that had not received them."""
    async with piping(store) as pipe:
        for i in range(20):
            send(pipe, i)
            await flushed(pipe)
            if i == 11:
                old = {key: await client.dump(key) for key in (head_key(STREAM), ticks_key(STREAM))}
        for key, value in old.items():
            await client.restore(key, 0, value, replace=True)
        assert len(await positions(client)) == 12
        await client.client_kill_filter(_type="normal", skipme=True)
        send(pipe, 20)
        await flushed(pipe)
    entries = await client.xrange(ticks_key(STREAM))
    prices = np.concatenate([np.frombuffer(fields[b"d"], TICK)["price"] for _, fields in entries])
    assert prices.tolist() == [i for i in range(21) for _ in range(TICKS)]


@pytest.mark.parametrize("keep_bytes", [0, 5 * TICKS * TICK.itemsize])
async def test_a_loss_beyond_the_batches_that_are_kept_is_reported(
    keep_bytes: int, store: Store, client: Any
) -> None:
    lost = asyncio.Event()

    async def on_loss(epoch: bytes) -> None:
        lost.set()
        raise ConnectionError("no new epoch is begun in this test")

    async with piping(store, keep_bytes=keep_bytes, on_loss=on_loss) as pipe:
        for i in range(20):
            send(pipe, i)
            await flushed(pipe)
            if i == 11:
                old = await client.dump(head_key(STREAM))
        await client.restore(head_key(STREAM), 0, old, replace=True)
        await client.client_kill_filter(_type="normal", skipme=True)
        await asyncio.wait_for(lost.wait(), TIMEOUT_S)


async def test_entries_that_another_program_has_added_are_not_taken_for_ours(
    store: Store, client: Any
) -> None:
    lost = asyncio.Event()

    async def on_loss(epoch: bytes) -> None:
        lost.set()
        raise ConnectionError("no new epoch is begun in this test")

    async with piping(store, on_loss=on_loss) as pipe:
        send(pipe, 0)
        await flushed(pipe)
        await client.xadd(ticks_key(STREAM), {"d": b"", "h": b""}, id="100-0")
        send(pipe, 1)
        await asyncio.wait_for(lost.wait(), TIMEOUT_S)
        assert pipe.unacknowledged == 1


async def test_a_writer_whose_shard_is_claimed_by_another_writes_nothing_more(
    store: Store, client: Any
) -> None:
    pipe = Pipe(store, STREAM, await claim(store), 0, _nothing, _none_lost, lambda: None)
    running = asyncio.create_task(pipe.run())
    send(pipe, 0)
    await flushed(pipe)
    later = await claim(store)
    send(pipe, 1)
    with pytest.raises(LeaseLost):
        await asyncio.wait_for(running, TIMEOUT_S)
    assert await positions(client) == [TICKS]
    assert await client.get(head_key(STREAM)) == later.head.encode()


async def test_a_claim_that_a_failover_lost_is_made_again(store: Store, client: Any) -> None:
    first = await claim(store)
    second = await claim(store)
    await client.set(head_key(STREAM), first.head.encode())
    assert second.before == first.head.encode()
    pipe = Pipe(store, STREAM, second, 0, _nothing, _none_lost, lambda: None)
    running = asyncio.create_task(pipe.run())
    send(pipe, 0)
    await flushed(pipe)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    head = decode_head(await client.get(head_key(STREAM)))
    assert head is not None and head.writer == second.head.writer


async def test_a_claim_that_the_last_writer_never_saw_begins_no_epoch(
    store: Store, client: Any
) -> None:
    first = await claim(store)
    second = await claim(store)
    # The claim was made on a primary that had been replaced; the first writer writes on.
    await client.set(head_key(STREAM), first.head._replace(number=9).encode())
    pipe = Pipe(store, STREAM, second, 0, _nothing, _none_lost, lambda: None)
    send(pipe, 0)
    with pytest.raises(LeaseLost):
        await asyncio.wait_for(pipe.run(), TIMEOUT_S)
    assert await positions(client) == []


async def test_a_claim_that_a_failover_lost_with_batches_before_it_begins_an_epoch(
    store: Store, client: Any
) -> None:
    first = await claim(store)
    ahead = first.head._replace(number=9)
    await client.set(head_key(STREAM), ahead.encode())
    second = await claim(store)
    await client.set(head_key(STREAM), first.head._replace(number=8).encode())
    lost = asyncio.Event()

    async def on_loss(epoch: bytes) -> None:
        lost.set()
        raise ConnectionError("no new epoch is begun in this test")

    pipe = Pipe(store, STREAM, second, 0, _nothing, on_loss, lambda: None)
    running = asyncio.create_task(pipe.run())
    await asyncio.wait_for(lost.wait(), TIMEOUT_S)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_a_batch_is_written_as_a_whole_or_not_at_all(
    valkey: EmbeddedRedis, store: Store, client: Any
) -> None:
    held = await claim(store)
    commands = [write.command(1) for write in ticks(0)]
    wrong = held.head._replace(number=7).encode()
    assert not await replace_head(store, STREAM, wrong, held.head, commands)
    assert await positions(client) == []
    assert await replace_head(store, STREAM, held.head.encode(), held.head, commands)
    assert await positions(client) == [TICKS]


async def _nothing() -> None:
    pass


async def _none_lost(epoch: bytes) -> None:
    raise AssertionError("an epoch was lost")
