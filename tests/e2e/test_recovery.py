"""Recovery of `tickfire dev` after SIGKILL of any one process."""

from __future__ import annotations

import asyncio
import os
import signal
import time

import pytest

from tests.support.eventually import eventually
from tests.support.house import Listener, listening, running_house
from tests.support.processes import WORKERS

LIVE_AGAIN_S = 10.0 * WORKERS
IN_FLIGHT_NS = 500_000_000
"""Ticks up to this age at the kill may have been on their way already."""


async def tick_since(client: Listener, ts: int) -> None:
    """Wait for a tick of the simulated market with an event time after a given one, in ns.

    The market's event times follow the clock.
    """
    while True:
        event, payload = await client.row()
        if event == "tick" and int(payload["ts_event"]) > ts:
            return


@pytest.mark.slow
@pytest.mark.timeout(240)
async def test_a_killed_process_is_back_within_ten_seconds() -> None:
    async with (
        running_house() as house,
        listening(house.socket, "market:realtime", {}, "tick") as client,
    ):
        await client.reply()
        await client.events("tick", 10)
        for name in ("redis", "gateway", "ingest", "news", "serve"):
            killed_at, pid = time.time_ns(), house.child(name)
            os.kill(pid, signal.SIGKILL)
            try:
                async with asyncio.timeout(LIVE_AGAIN_S):
                    await tick_since(client, killed_at + IN_FLIGHT_NS)
            except TimeoutError:
                log = "\n".join(house.log[-40:])
                raise AssertionError(f"no new tick after the end of {name}:\n{log}") from None
            await eventually(
                lambda name=name, pid=pid: house.runs(name) not in (None, pid),  # type: ignore[misc]
                f"{name} runs again",
                LIVE_AGAIN_S,
            )
