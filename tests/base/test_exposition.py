"""Metrics of a process, as they are scraped."""

from __future__ import annotations

import asyncio
import time
import urllib.request

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families

from tests.support.eventually import eventually
from tickfire.base.endpoint import Endpoint
from tickfire.base.errors import UserError
from tickfire.base.exposition import Watched, serving
from tickfire.base.loop_lag import LoopLag
from tickfire.base.ports import bound_socket, free_port


def scrape(port: int | None) -> dict[tuple[str, tuple[str, ...]], float]:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=60) as answer:
        families = list(text_string_to_metric_families(answer.read().decode()))
    return {
        (sample.name, tuple(sample.labels.values())): sample.value
        for family in families
        for sample in family.samples
    }


def test_figures_are_read_at_each_scrape() -> None:
    figures: dict[tuple[str, ...], float] = {("a", "x"): 1.0}
    registry = CollectorRegistry()
    registry.register(Watched("t_seen", "Seen.", lambda: figures, ("feed", "kind"), counts=True))
    with serving(registry, Endpoint("127.0.0.1", 0)) as port:
        assert scrape(port)["t_seen_total", ("a", "x")] == 1
        figures["a", "x"] = 2
        assert scrape(port)["t_seen_total", ("a", "x")] == 2


def test_a_port_that_is_in_use_is_refused_by_name() -> None:
    port = free_port()
    with (
        bound_socket("127.0.0.1", port, backlog=1),
        pytest.raises(UserError, match=r"in use.*--metrics-port"),
        serving(CollectorRegistry(), Endpoint("127.0.0.1", port)),
    ):
        pass


def test_without_an_endpoint_nothing_is_served() -> None:
    with serving(CollectorRegistry(), None) as port:
        assert port is None


async def test_a_loop_that_is_held_up_is_seen_to_be_late() -> None:
    registry = CollectorRegistry()
    lag = LoopLag(registry, "t_")
    measuring = asyncio.create_task(lag.run())
    try:
        await asyncio.sleep(0)
        held_until = time.monotonic() + 0.1
        while time.monotonic() < held_until:
            pass
        await eventually(lambda: lag.stalls > 0, "the stall was seen")
    finally:
        measuring.cancel()
    assert lag.worst_s > 0.05
    total = registry.get_sample_value("t_loop_lag_seconds_sum")
    assert total is not None and total > 0.05
    assert registry.get_sample_value("t_stalls_total") == lag.stalls
