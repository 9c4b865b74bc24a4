"""``tickfire dev`` as a process: it serves, cleans up after itself, and reports errors.

That ticks flow again whatever is killed is proven in tests/e2e.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import urllib.error
import urllib.request

import pytest

from tests.support.cli import assert_one_sentence, run
from tests.support.eventually import eventually
from tests.support.house import running_house
from tests.support.http import TIMEOUT_S
from tests.support.processes import descendants, wait_gone

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

COMMANDS = ("redis", "gateway", "ingest", "news", "serve")


async def get(url: str) -> tuple[int, bytes]:
    def fetch() -> tuple[int, bytes]:
        with urllib.request.urlopen(url, timeout=TIMEOUT_S) as answer:
            return answer.status, answer.read()

    return await asyncio.to_thread(fetch)


async def test_it_serves_and_leaves_nothing_behind() -> None:
    async with running_house() as house:

        async def is_ready() -> bool:
            with contextlib.suppress(urllib.error.HTTPError):  # a process whose beat is late
                return (await get(house.url + "readyz"))[0] == 200
            return False

        await eventually(is_ready, "the house is ready")
        status, page = await get(house.url)
        assert status == 200
        assert b"<!doctype html>" in page.lower()
        pids = descendants(house.process.pid)
        assert all(house.child(name) in pids for name in COMMANDS)
        house.process.send_signal(signal.SIGINT)
        assert await asyncio.wait_for(house.process.wait(), 60) == 0
        assert all(wait_gone(pid) for pid in pids), pids
    assert house.log[-1].endswith("stopped")
    assert not [line for line in house.log if "Traceback" in line]


async def test_a_killed_valkey_is_started_again_under_its_command() -> None:
    async with running_house() as house:
        (victim,) = (
            pid for pid, line in descendants(house.process.pid).items() if "valkey-server" in line
        )
        os.kill(victim, signal.SIGKILL)

        async def back() -> bool:
            return any("redis is ready again" in line for line in house.log)

        await eventually(back, "it is back")
        said = [line for line in house.log if "redis died (exit code 1" in line]
        assert len(said) == 1
        assert "Valkey ended by itself (killed by SIGKILL)" in said[0]
        house.process.send_signal(signal.SIGHUP)  # as when its terminal is closed
        assert await asyncio.wait_for(house.process.wait(), 60) == 0


async def test_nothing_outlives_a_killed_supervisor() -> None:
    async with running_house(WORKERS="2") as house:
        pids = descendants(house.process.pid)
        assert len(pids) > len(COMMANDS)
        house.process.kill()
        await house.process.wait()
        assert all(wait_gone(pid) for pid in pids), pids


def test_a_file_that_the_gateway_refuses_ends_it_in_the_gateways_words() -> None:
    assert_one_sentence(run("dev", PORT="0", FEED=__file__), "test_dev.py")
