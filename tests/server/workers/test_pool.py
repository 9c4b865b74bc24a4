"""Workers as processes: they are replaced when they die, hang, or on SIGHUP."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest

from tests.support.eventually import eventually
from tests.support.http import http_client
from tests.support.logged import Logged, logged
from tests.support.phoenix_client import PhoenixClient
from tests.support.processes import descendants, wait_gone
from tests.support.publisher import Publisher, trades
from tests.support.valkey import Valkey
from tickfire.base.errors import UserError
from tickfire.base.ports import bound_socket, free_port
from tickfire.server.access.rules import Access
from tickfire.server.app import Settings
from tickfire.server.limits.admission import Limits
from tickfire.server.worker.server import MarketServer
from tickfire.server.workers import generation
from tickfire.server.workers.pool import Pool
from tickfire.server.workers.wire import Order

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]
START_S = 90.0


@asynccontextmanager
async def serving(valkey: Valkey, port: int) -> AsyncIterator[Logged]:
    """Run two workers; yield once both have opened their sockets."""
    options = ("--dev", "--port", str(port), "--workers", "2")
    async with logged("serve", *options, REDIS_URL=valkey.url) as server:
        await opened(server, 2)
        yield server
        server.process.send_signal(signal.SIGTERM)
        assert await server.process.wait() == 0
        assert not descendants(server.process.pid)
        assert server.count("Traceback") == 0, server.log
        assert server.count("multi-threaded") == 0, "the template has a thread of a library"


async def opened(server: Logged, count: int) -> None:
    await server.said("is open", count, START_S)


def pids(server: Logged) -> tuple[int, list[int]]:
    """Return the process id of the template, and those of its workers."""
    template, *workers = descendants(server.process.pid)
    return template, workers


async def is_ready(port: int) -> bool:
    async with http_client() as client:
        return (await client.get(f"http://127.0.0.1:{port}/readyz")).status_code == 200


async def test_what_dies_is_replaced_and_the_other_clients_notice_nothing(
    publisher: Publisher, valkey: Valkey
) -> None:
    port = free_port()
    async with serving(valkey, port) as server:
        template, workers = pids(server)
        os.kill(workers[0], signal.SIGKILL)
        await server.said(f"worker {workers[0]} died (killed by SIGKILL)")
        assert await is_ready(port)  # of the other worker, or of the new one
        await opened(server, 3)
        clients = [await PhoenixClient.open(port) for _ in range(4)]
        joined = [await client.join("market:realtime") for client in clients]
        os.kill(template, signal.SIGKILL)
        assert await asyncio.to_thread(wait_gone, template)
        await server.said("the template of the workers has ended; starting another")
        publisher.publish(trades(5))
        for one in joined:
            assert len(await one.count("tick", 5)) == 5
        os.kill(workers[1], signal.SIGKILL)  # whose template is gone
        await server.said(f"worker {workers[1]} died")
        await opened(server, 4)
        assert await is_ready(port)


async def test_sighup_replaces_the_workers_without_a_refused_connection(
    publisher: Publisher, valkey: Valkey
) -> None:
    port = free_port()
    async with serving(valkey, port) as server:
        before = pids(server)
        answers: list[bool] = []

        async def is_replaced() -> bool:
            answers.append(await is_ready(port))
            return server.count("the workers are replaced") > 0

        server.process.send_signal(signal.SIGHUP)
        await eventually(is_replaced, "the workers are replaced", START_S)
        assert answers and all(answers)
        await eventually(lambda: len(pids(server)[1]) == 2, "the old template has ended")
        after = pids(server)
        assert not {before[0], *before[1]} & {after[0], *after[1]}


# --- in this process
@pytest.fixture
def order(publisher: Publisher, valkey: Valkey) -> Iterator[Order]:
    with bound_socket("127.0.0.1", 0) as listener:
        yield Order(("--dev", "--redis-url", valkey.url), listener.fileno())


async def test_a_worker_whose_loop_is_stuck_is_killed_and_replaced(
    order: Order, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(generation, "STUCK_S", 3)
    pool = Pool(1, order, lambda: None)
    running = asyncio.create_task(pool.run())
    try:
        await eventually(lambda: opened_pids(pool) != [], "the worker is open", START_S)
        (stuck,) = opened_pids(pool)
        os.kill(stuck, signal.SIGSTOP)
        await eventually(lambda: opened_pids(pool) not in ([], [stuck]), "another is open", START_S)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    assert wait_gone(stuck)


def opened_pids(pool: Pool) -> list[int]:
    return [worker.pid for worker in pool.workers if worker.opened.is_set()]


async def test_a_worker_that_cannot_start_ends_the_pool(valkey: Valkey) -> None:
    with bound_socket("127.0.0.1", 0) as bound:
        arguments = ("--redis-url", valkey.url, "--authenticator", "nowhere:nothing")
        pool = Pool(2, Order(arguments, bound.fileno()), lambda: None)
        with pytest.raises(ExceptionGroup) as raised:
            await pool.run()
        assert raised.group_contains(UserError, match="cannot start: .*nowhere")


async def test_a_port_that_was_taken_meanwhile_is_one_sentence(
    publisher: Publisher, valkey: Valkey
) -> None:
    port = free_port()
    with bound_socket("127.0.0.1", port) as bound, bound_socket("127.0.0.1", port, 1):
        server = MarketServer(Settings(valkey.url, Access(dev=True)), Limits(), lambda: None)
        with pytest.raises(UserError, match=r"cannot listen on .*in use"):
            await server.serve([bound])
