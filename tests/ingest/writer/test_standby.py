"""Two processes of ingest on one feed, of which one is stopped, hangs or is killed."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from tests.support.cli import assert_one_sentence, run
from tests.support.dbn import START, trades, write_dbn
from tests.support.eventually import eventually
from tests.support.ingest import KEY, FeedAddress, sending
from tests.support.logged import Logged, logged
from tests.support.publisher import STREAM
from tickfire.ingest.dbn.metadata import Metadata
from tickfire.ingest.gateway.config import GatewayConfig
from tickfire.ingest.gateway.server import serve_gateway
from tickfire.ingest.redis.server import EmbeddedRedis
from tickfire.ingest.writer.claims import find_head, replace_head, was_cut_off
from tickfire.store import lease as lease_module
from tickfire.store.head import Head
from tickfire.store.lease import Holder, Lease, LeaseLost, feed_work
from tickfire.store.schema import EPOCH_BYTES, TICK, TICK_TRADE, lease_key, ticks_key
from tickfire.store.store import Store

META = Metadata("TEST.DATA", None, START)
CLOCK_S = 0.01
"""Most by which Valkey's milliseconds and our clock may differ."""


@asynccontextmanager
async def process(feed: FeedAddress, redis_url: str) -> AsyncIterator[Logged]:
    async with logged(*arguments(feed, redis_url)) as found:
        yield found


def arguments(feed: FeedAddress, redis_url: str, *more: str) -> list[str]:
    gateway = f"{feed.host}:{feed.port}"
    return [
        "ingest", "--gateway", gateway, "--key", KEY, "--dataset", "TEST.DATA",
        "--schemas", "trades", "--redis-url", redis_url, *more,
    ]  # fmt: skip


def part(number: int) -> bytes:
    """Return the ``number``-th ten trades."""
    return trades(60)[10 * number : 10 * number + 10].tobytes()


async def traded(client: Any) -> list[int]:
    """Return the sequence numbers of the trades in the stream, whose positions must be dense."""
    position, found = 0, []
    for entry_id, fields in await client.xrange(ticks_key(STREAM)):
        ticks = np.frombuffer(fields[b"d"], TICK)
        position += len(ticks)
        assert entry_id == b"%d-0" % position
        found += ticks["sequence"][ticks["kind"] == TICK_TRADE].tolist()
    return found


async def until_traded(client: Any, count: int) -> None:
    async def all_there() -> bool:
        return len(await traded(client)) >= count

    await eventually(all_there, f"{count} trades")


@pytest.mark.timeout(120)
async def test_a_standby_takes_over_and_a_writer_that_hung_writes_nothing_more(
    valkey: EmbeddedRedis, client: Any
) -> None:
    url = f"redis://127.0.0.1:{valkey.options.port}/0"
    async with sending(META, b"") as feed, process(feed, url) as first:
        await eventually(lambda: feed.sessions == 1, "the first session")
        feed.send(part(0))
        await until_traded(client, 10)
        async with process(feed, url) as second:
            await second.said(f"process {first.process.pid} on")
            await second.said("waiting as standby")

            # The first one hangs. Its feed goes on, and it wakes up with records to write.
            first.process.send_signal(signal.SIGSTOP)
            hung = time.monotonic()
            left_s = await client.pttl(lease_key(1)) / 1000
            await second.said("taking over feed 1")
            assert time.monotonic() - hung > left_s - CLOCK_S
            await eventually(lambda: feed.sessions == 2, "a session of the standby")
            feed.send(part(1))
            await until_traded(client, 20)
            feed.send(part(5), session=0)
            first.process.send_signal(signal.SIGCONT)
            await first.said("stopped writing")
            await first.said(f"process {second.process.pid} on")

            # The second one is killed.
            feed.send(part(2))
            await until_traded(client, 30)
            second.process.kill()
            await first.said("taking over feed 1")
            await eventually(lambda: feed.sessions == 3, "a session of the first again")
            feed.send(part(3))
            await until_traded(client, 40)

        # It ends in good order: the next one need not wait.
        first.process.terminate()
        assert await first.process.wait() == 0
        assert await client.get(lease_key(1)) is None
    assert await traded(client) == trades(40)["sequence"].tolist()


async def test_no_standby_ends_with_a_sentence(
    valkey: EmbeddedRedis, client: Any, store: Store
) -> None:
    lease = Lease(store, feed_work(1))
    await lease.wait(lambda holder: None)
    url = f"redis://127.0.0.1:{valkey.options.port}/0"
    async with sending(META, b"") as feed, asyncio.TaskGroup() as tasks:
        keeping = tasks.create_task(lease.keep())
        told = await asyncio.to_thread(run, *arguments(feed, url, "--no-standby"))
        keeping.cancel()
        assert_one_sentence(told, f"feed 1 is written by another ingest, {lease.holder}")
        assert feed.sessions == 0
    lease.close()


# --- the lease
async def test_one_process_holds_a_lease_until_it_releases_it(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lease_module, "EXPIRY_S", 60.0)  # nobody renews it
    first, second = Lease(store, feed_work(1)), Lease(store, feed_work(1))
    assert await first.take() == first.holder
    assert await second.take() == first.holder
    assert await first.take() == first.holder
    await second.release()  # not its own
    assert await second.take() == first.holder
    await first.release()
    assert await second.take() == second.holder
    with pytest.raises(LeaseLost, match=f"feed 1 is written by {second.holder} now"):
        await first.check()
    first.close()
    second.close()


async def test_leases_of_other_feeds_are_others(store: Store) -> None:
    first, second = Lease(store, feed_work(1)), Lease(store, feed_work(2))
    assert await first.take() == first.holder
    assert await second.take() == second.holder
    first.close()
    second.close()


async def test_a_lease_outlives_a_redis_that_forgets_it(store: Store, client: Any) -> None:
    lease = Lease(store, feed_work(1))
    await lease.wait(lambda holder: None)
    await client.delete(lease_key(1))
    await lease.check()
    assert msgspec.json.decode(await client.get(lease_key(1)), type=Holder) == lease.holder
    lease.close()


async def test_a_holder_that_was_cut_off_may_take_its_lease_again(store: Store) -> None:
    first, second = Lease(store, feed_work(1)), Lease(store, feed_work(1))
    asked = asyncio.Event()
    seen: list[Holder] = []

    async def may_return() -> bool:
        asked.set()
        return True

    waiting = asyncio.create_task(second.wait(seen.append, may_return))
    await asked.wait()
    assert await first.take() == first.holder
    await eventually(lambda: seen == [first.holder], "the other waits for the first again")
    await eventually(waiting.done, "the lease of the first, who is gone, ends")  # and its patience
    assert await second.take() == second.holder
    first.close()
    second.close()


async def test_a_holder_may_renew_its_lease_first_once_redis_answers_again(
    valkey: EmbeddedRedis, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lease_module, "EXPIRY_S", 60.0)
    monkeypatch.setattr(lease_module, "RETURN_S", 0.0)  # the outage itself is no patience
    first, second = Lease(store, feed_work(1)), Lease(store, feed_work(1))
    await first.take()
    seen: list[Holder] = []
    waiting = asyncio.create_task(second.wait(seen.append))
    await eventually(lambda: seen == [first.holder], "the other waits")
    await valkey.stop()
    await eventually(lambda: store.outage.since is not None, "Redis is out of reach")
    monkeypatch.setattr(lease_module, "RETURN_S", 60.0)
    await valkey.start()  # without the lease
    await eventually(lambda: store.outage.since is None, "the other is answered")
    assert not waiting.done()
    assert await first.take() == first.holder
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    first.close()
    second.close()


async def test_a_writer_is_cut_off_if_its_stream_has_another_server(store: Store) -> None:
    async def has_head(server: bytes, *, closed: bool = False) -> bool:
        before = (await find_head(store, STREAM)).text
        head = Head(bytes(EPOCH_BYTES), 1, b"writer", server, closed=closed)
        assert await replace_head(store, STREAM, before, head)
        return await was_cut_off(store, [STREAM])

    assert not await was_cut_off(store, [STREAM])
    here = (await find_head(store, STREAM)).server
    assert not await has_head(here)
    assert await has_head(b"another")
    assert not await has_head(b"another", closed=True)


async def test_a_killed_ingest_goes_on_where_it_was(
    tmp_path: Path, valkey: EmbeddedRedis, client: Any
) -> None:
    made = trades(20_000, step=100_000)
    path = write_dbn(tmp_path / "x.dbn", made.tobytes(), META)
    url = f"redis://127.0.0.1:{valkey.options.port}/0"
    async with await serve_gateway(GatewayConfig(port=0, file=path)) as gateway:
        for count in (1, 6_000, len(made)):
            async with process(gateway, url) as killed:
                await until_traded(client, count)
                killed.process.kill()
    assert await traded(client) == made["sequence"].tolist()
