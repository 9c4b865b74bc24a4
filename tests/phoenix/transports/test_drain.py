"""Drainer: batches, their telemetry, and the options that change or prevent them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from functools import partial
from typing import Any

import pytest

from tests.support.phoenix.serving import PATIENCE_S, serve
from tickfire.phoenix import Channel, DrainerOptions, EventLog, Hub, PhoenixSocket
from tickfire.phoenix.core.telemetry import SOCKET_DRAIN, Telemetry
from tickfire.phoenix.transports.drain import Drainer


async def drained(drainer: Drainer, count: int, closed: asyncio.Queue[int]) -> list[int]:
    for number in range(count):
        drainer.drain(partial(closed.put_nowait, number))
    return [await asyncio.wait_for(closed.get(), PATIENCE_S) for _ in range(count)]


async def test_each_batch_is_reported_before_it_is_closed() -> None:
    telemetry, events = Telemetry(), list[tuple[int, dict[str, float], dict[str, Any]]]()
    closed: asyncio.Queue[int] = asyncio.Queue()

    def handler(event: str, measurements: Mapping[str, float], metadata: Mapping[str, Any]) -> None:
        events.append((closed.qsize(), dict(measurements), dict(metadata)))

    telemetry.attach(SOCKET_DRAIN, handler)
    drainer = Drainer(DrainerOptions(2, 0.0, log=None), telemetry, {"user_socket": "User"})
    assert await drained(drainer, 5, closed) == [0, 1, 2, 3, 4]
    metadata = {"user_socket": "User", "interval_s": 0.0, "log": None}
    assert [measurements for _, measurements, _ in events] == [
        {"count": 2, "total": 5, "index": 1, "rounds": 3},
        {"count": 2, "total": 5, "index": 2, "rounds": 3},
        {"count": 1, "total": 5, "index": 3, "rounds": 3},
    ]
    assert events[0][0] == 0
    assert all(given == metadata for _, _, given in events)


async def test_what_is_left_at_the_end_of_the_time_is_closed_at_once() -> None:
    drainer = Drainer(DrainerOptions(1, 1_000.0, shutdown_s=0.01))
    assert await drained(drainer, 3, asyncio.Queue()) == [0, 1, 2]


@pytest.mark.parametrize("off", [False, lambda: False])
async def test_without_a_drainer_nothing_is_closed(off: Any) -> None:
    drainer, closed = Drainer(off), asyncio.Queue[int]()
    drainer.drain(lambda: closed.put_nowait(1))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert closed.empty()


async def test_a_function_decides_when_the_server_shuts_down() -> None:
    chosen: DrainerOptions | None = None
    drainer = Drainer(lambda: chosen or DrainerOptions(shutdown_s=0.0))
    chosen = DrainerOptions(1, 0.0)
    assert await drained(drainer, 2, asyncio.Queue()) == [0, 1]


@pytest.mark.parametrize("fault", [{"batch_size": 0}, {"interval_s": -1}, {"shutdown_s": -1}])
def test_impossible_options_are_refused(fault: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="must"):
        DrainerOptions(**fault)


async def test_the_socket_takes_the_option_and_the_log_tells_of_the_batch(
    caplog: pytest.LogCaptureFixture,
) -> None:
    hub = Hub()
    EventLog(connect=None).attach(hub)
    caplog.set_level(logging.WARNING)
    options = DrainerOptions(batch_size=7, log=logging.WARNING)
    async with serve({"*": Channel}, hub, drainer=options) as served, served.client() as client:
        served.server.stop()
        await asyncio.wait_for(client.connection.wait_closed(), PATIENCE_S)
        assert client.connection.close_code == 1012
    assert "CLOSING 1 of 1 connections, every 2.0 s: batch 1 of 1" in caplog.text


async def test_an_unknown_option_is_still_refused() -> None:
    with pytest.raises(TypeError, match="drainers"):
        PhoenixSocket(drainers=False)  # type: ignore[call-arg]
