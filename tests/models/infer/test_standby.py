"""Two processes of inference, of which one is stopped, hangs or is killed."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Iterator

import pytest

from tests.support.chaos.numbered import MODEL
from tests.support.cli import assert_one_sentence, run
from tests.support.eventually import eventually
from tests.support.http import http_client
from tests.support.logged import Logged, logged
from tests.support.told import Told
from tests.support.valkey import Valkey
from tickfire.base.ports import free_port
from tickfire.models.infer.service import INFERENCE
from tickfire.store.lease import Lease
from tickfire.store.schema import HEALTH_KEY
from tickfire.store.store import Store


@pytest.fixture
def told(valkey: Valkey) -> Iterator[Told]:
    yield Told(valkey)


def arguments(valkey: Valkey, *more: str) -> tuple[str, ...]:
    return ("infer", "--redis-url", valkey.url, "--model", MODEL, *more)


async def taken_over(infer: Logged) -> None:
    await infer.said("taking over inference")


async def is_writer(port: int) -> bool:
    async with http_client() as client:
        text = (await client.get(f"http://127.0.0.1:{port}/metrics")).text
    (line,) = (line for line in text.splitlines() if line.startswith("tickfire_infer_writer "))
    return line.endswith(" 1.0")


@pytest.mark.timeout(300)
async def test_a_standby_takes_over_and_each_report_comes_once(valkey: Valkey, told: Told) -> None:
    port = free_port()
    async with logged(*arguments(valkey)) as first:
        await first.said("following feed 1")
        await told.trades_are_news()
        async with logged(*arguments(valkey, "--metrics-port", str(port))) as second:
            await second.said(f"inference is run by another infer, process {first.process.pid} on")
            told.trade()
            await told.is_answered()
            standby = f"standby:infer:{second.process.pid}".encode()
            await eventually(lambda: valkey.client.hexists(HEALTH_KEY, standby), "it beats")
            assert not await is_writer(port)

            # The first one hangs, and wakes up with trades to read.
            first.process.send_signal(signal.SIGSTOP)
            held_until = time.monotonic() + valkey.client.pttl(INFERENCE.key) / 1000
            told.trade()
            await taken_over(second)
            assert time.monotonic() >= held_until
            await told.is_answered()
            assert await is_writer(port)
            first.process.send_signal(signal.SIGCONT)
            await first.said("stopped publishing")
            await first.said(f"process {second.process.pid} on")
            told.trade()
            await told.is_answered()

            # The second one is killed.
            second.process.kill()
            told.trade()
            await taken_over(first)
            await told.is_answered()

        # It ends in good order: the next one need not wait.
        first.process.terminate()
        assert await first.process.wait() == 0
    assert valkey.client.get(INFERENCE.key) is None


async def test_no_standby_ends_with_a_sentence(valkey: Valkey) -> None:
    async with await Store.open(valkey.url) as store:
        lease = Lease(store, INFERENCE)
        await lease.take()
        valkey.client.persist(INFERENCE.key)  # held for ever, however slow this test is
        ended = await asyncio.to_thread(run, *arguments(valkey, "--no-standby"))
        lease.close()
    assert_one_sentence(ended, f"inference is run by another infer, {lease.holder}")


async def test_a_model_that_is_none_is_refused_in_a_sentence(valkey: Valkey) -> None:
    url = ("infer", "--redis-url", valkey.url, "--model")
    ended = await asyncio.to_thread(run, *url, "tests.support.eventually:wait_until")
    assert_one_sentence(ended, "eventually:wait_until is no model", exit_code=2)
