"""kill -9 of any one process: ticks come again to the same client within 10 s."""

from __future__ import annotations

import os
import signal
import time

import pytest

from tests.e2e.house import listening, running_house

LIVE_AGAIN_S = 10.0


@pytest.mark.slow
@pytest.mark.timeout(240)
async def test_a_killed_process_is_back_within_ten_seconds() -> None:
    async with (
        running_house() as house,
        listening(house, "market:realtime", {}, "tick") as client,
    ):
        await client.reply()
        await client.events("tick", 10)
        for name in ("redis", "gateway", "ingest", "news", "serve"):
            killed_at = time.time_ns()
            os.kill(house.child(name), signal.SIGKILL)
            while True:
                event, payload = await client.row(timeout_s=LIVE_AGAIN_S)
                elapsed = (time.time_ns() - killed_at) / 1e9
                assert elapsed < LIVE_AGAIN_S, f"{name}: no new tick; {house.log[-5:]}"
                if event == "tick" and int(payload["ts_event"]) > killed_at + 500_000_000:
                    break
