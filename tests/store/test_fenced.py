"""Batches of one writer after another, on a real Valkey that loses some of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Final

import pytest

from tests.support.eventually import eventually
from tests.support.valkey import Valkey
from tickfire.store import fenced
from tickfire.store import lease as lease_module
from tickfire.store.fenced import FencedWriter, Overtaken
from tickfire.store.head import Arguments
from tickfire.store.lease import Lease, LeaseLost, Work
from tickfire.store.store import Store

HASH: Final = b"{w}:writer"
STREAM: Final = b"{w}"
WORK: Final = Work(b"lease:{w}", "work", "work", "is done", "worker")


@pytest.fixture
async def store(valkey: Valkey) -> AsyncIterator[Store]:
    async with await Store.open(valkey.url) as opened:
        yield opened


@pytest.fixture
async def lease(store: Store, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Lease]:
    monkeypatch.setattr(lease_module, "EXPIRY_S", 60.0)  # nobody renews it
    held = Lease(store, WORK)
    yield held
    held.close()


async def claimed(store: Store, lease: Lease, keep: int = 100) -> FencedWriter:
    writer = FencedWriter(store, HASH, keep)
    await writer.claim(lease)
    return writer


def batch(number: int) -> list[Arguments]:
    return [(b"XADD", STREAM, b"%d-%d" % (number, part), b"d", b"x") for part in (1, 2)]


def written(valkey: Valkey) -> list[bytes]:
    return [entry_id for entry_id, _ in valkey.client.xrange(STREAM)]


def ids(count: int) -> list[bytes]:
    return [b"%d-%d" % (number, part) for number in range(1, count + 1) for part in (1, 2)]


class Replica:
    """The keys as a replica had them, which a failover brings back."""

    def __init__(self, valkey: Valkey) -> None:
        self._client = valkey.client
        self._kept = {key: self._client.dump(key) for key in (HASH, STREAM)}

    def take_over(self) -> None:
        for key, data in self._kept.items():
            self._client.delete(key)
            if data is not None:
                self._client.restore(key, 0, data)


async def test_batches_are_made_in_order_and_an_earlier_writer_is_refused(
    valkey: Valkey, store: Store, lease: Lease
) -> None:
    first = await claimed(store, lease)
    await first.write(batch(1))
    second = await claimed(store, lease)
    with pytest.raises(LeaseLost):
        await first.write(batch(3))
    await second.write(batch(2))
    assert written(valkey) == ids(2)


async def test_a_process_without_the_lease_claims_nothing(store: Store, lease: Lease) -> None:
    other = Lease(store, WORK)
    await other.take()
    with pytest.raises(LeaseLost, match="work is done by process"):
        await claimed(store, lease)
    other.close()


async def test_batches_that_a_failover_has_lost_are_made_again(
    valkey: Valkey, store: Store, lease: Lease, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fenced, "LOOK_S", 0.01)
    before = Replica(valkey)
    writer = await claimed(store, lease)
    await writer.write(batch(1))
    middle = Replica(valkey)
    for number in (2, 3):
        await writer.write(batch(number))
    middle.take_over()
    await writer.write(batch(4))
    assert written(valkey) == ids(4)
    before.take_over()  # before the claim
    keeping = asyncio.create_task(writer.keep())  # also without a write
    await eventually(lambda: written(valkey) == ids(4), "all batches are made again")
    assert not keeping.done()
    keeping.cancel()
    await asyncio.gather(keeping, return_exceptions=True)


async def test_more_than_is_kept_is_not_made_up(valkey: Valkey, store: Store, lease: Lease) -> None:
    writer = await claimed(store, lease, keep=2)
    await writer.write(batch(1))
    old = Replica(valkey)
    for number in (2, 3, 4):
        await writer.write(batch(number))
    old.take_over()
    with pytest.raises(Overtaken, match="has lost more"):
        await writer.write(batch(5))


async def test_a_batch_that_was_cancelled_is_made_with_the_next(
    valkey: Valkey, store: Store, lease: Lease
) -> None:
    writer = await claimed(store, lease)
    valkey.client.execute_command("CLIENT", "PAUSE", 60_000, "WRITE")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await writer.write(batch(1))
    valkey.client.execute_command("CLIENT", "UNPAUSE")
    await writer.write(batch(2))
    assert written(valkey) == ids(2)
