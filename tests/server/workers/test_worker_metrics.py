"""Metrics of a real server: one scrape has those of all workers, and counters never fall."""

from __future__ import annotations

import os
import signal

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.support.eventually import eventually
from tests.support.http import http_client
from tests.support.logged import logged
from tests.support.phoenix_client import PhoenixClient
from tests.support.processes import descendants
from tests.support.publisher import Publisher, trades
from tests.support.valkey import Valkey
from tickfire.base.ports import free_port

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

type Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


async def scrape(client: httpx.AsyncClient, port: int) -> Samples:
    text = (await client.get(f"http://127.0.0.1:{port}/metrics")).text
    return {
        (one.name, frozenset(one.labels.items())): one.value
        for family in text_string_to_metric_families(text)
        for one in family.samples
    }


def number(samples: Samples, name: str, **labels: str) -> float:
    return sum(
        value
        for (found, own), value in samples.items()
        if found == name and frozenset(labels.items()) <= own
    )


def fallen(before: Samples, after: Samples) -> list[object]:
    """Return what only grows and did not."""
    endings = ("_total", "_count", "_sum", "_bucket")
    return [
        key
        for key, value in before.items()
        if key[0].endswith(endings) and not after.get(key, -1) >= value
    ]


async def test_one_scrape_has_all_workers_and_counters_never_fall(
    valkey: Valkey, publisher: Publisher
) -> None:
    publisher.publish(trades(5))
    port, metrics_port = free_port(), free_port()
    options = ("--dev", "--port", str(port), "--workers", "2")
    more = ("--metrics-port", str(metrics_port), "--drain-seconds", "0")
    async with (
        http_client(limits=httpx.Limits(max_keepalive_connections=0)) as http,
        logged("serve", *options, *more, REDIS_URL=valkey.url) as server,
    ):
        await server.said("is open", 2, 60)
        clients = [await PhoenixClient.open(port) for _ in range(6)]
        for client in clients:
            await client.join("market:realtime")
        publisher.publish(trades(20))

        async def is_read() -> bool:
            return number(await scrape(http, port), "tickfire_ticks_read_total") == 40

        await eventually(is_read, "both workers have read the ticks")
        found = await scrape(http, port)
        assert number(found, "tickfire_connections") == 6
        assert number(found, "tickfire_subscribers", kind="market:realtime") == 6
        assert number(found, "tickfire_workers") == 2
        for worker in ("1", "2"):
            assert number(found, "tickfire_loop_lag_seconds_count", worker=worker) > 0
        for process in ("1", "2", "command"):
            assert number(found, "process_resident_memory_bytes", worker=process) > 10e6
        assert not fallen(found, await scrape(http, metrics_port))

        _, victim, _ = descendants(server.process.pid)
        before = await scrape(http, metrics_port)
        os.kill(victim, signal.SIGKILL)
        await server.said("is open", 3, 60)
        after = await scrape(http, port)
        assert not fallen(before, after)
        assert number(after, "tickfire_worker_deaths_total") == 1

        server.process.send_signal(signal.SIGHUP)
        await server.said("the workers are replaced", 1, 60)
        last = await scrape(http, port)
        assert not fallen(after, last)
        assert number(last, "tickfire_reloads_total", result="ok") == 1
        assert number(last, "tickfire_workers") == 2
        _, first, _ = descendants(server.process.pid)
        os.kill(first, signal.SIGSTOP)
        try:
            assert not fallen(last, await scrape(http, metrics_port))
        finally:
            os.kill(first, signal.SIGCONT)
        for client in clients:
            await client.close()
        server.process.send_signal(signal.SIGTERM)
        assert await server.process.wait() == 0
        assert server.count("Traceback") == 0, server.log
