from __future__ import annotations

import asyncio
import json
import os
import socket
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from tests.support.eventually import eventually
from tickfire.base.attended import HUNG_S, LifeSigns, attended
from tickfire.base.endpoint import Endpoint
from tickfire.base.exposition import serving
from tickfire.base.service_manager import READY, notify, reloading, watchdog_s


@pytest.fixture
def manager(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """The socket of a service manager."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(60)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        yield manager


def test_messages_reach_the_manager(manager: socket.socket) -> None:
    assert notify(READY, "STATUS=serving")
    assert manager.recv(100) == b"READY=1\nSTATUS=serving"
    assert notify(reloading())
    assert manager.recv(100).startswith(b"RELOADING=1\nMONOTONIC_USEC=")


def test_an_abstract_socket_is_one_too() -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(f"\0tickfire-test-{os.getpid()}")
        assert notify(READY, environ={"NOTIFY_SOCKET": f"@tickfire-test-{os.getpid()}"})
        assert manager.recv(100) == b"READY=1"


def test_nothing_is_sent_without_a_manager(tmp_path: Path) -> None:
    assert not notify(READY, environ={})
    assert not notify(READY, environ={"NOTIFY_SOCKET": str(tmp_path / "gone")})


@pytest.mark.parametrize(
    ("environ", "limit_s"),
    [
        ({}, None),
        ({"WATCHDOG_USEC": "3000000"}, 3.0),
        ({"WATCHDOG_USEC": "3000000", "WATCHDOG_PID": str(os.getpid())}, 3.0),
        ({"WATCHDOG_USEC": "3000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
    ],
)
def test_the_watchdog_is_that_of_this_process(
    environ: dict[str, str], limit_s: float | None
) -> None:
    assert watchdog_s(environ) == limit_s


async def test_a_process_is_ready_gives_signs_of_life_and_stops(
    manager: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A sign each 0.1 s: its socket holds few that are not taken yet, and a busy machine is slow.
    monkeypatch.setenv("WATCHDOG_USEC", "300000")
    async with attended(CollectorRegistry(), None):
        said = {await asyncio.to_thread(manager.recv, 100) for _ in range(4)}
        assert said == {b"READY=1", b"WATCHDOG=1"}
    manager.settimeout(0)
    said = set()
    with pytest.raises(BlockingIOError):
        while True:
            said.add(manager.recv(100))
    assert b"STOPPING=1" in said


async def test_a_loop_that_does_not_run_is_hung() -> None:
    now = 0.0
    signs = LifeSigns(lambda: now)
    task = asyncio.create_task(signs.run())
    now = HUNG_S + 1
    assert signs.is_hung
    await eventually(lambda: not signs.is_hung, "the loop runs")
    task.cancel()


def test_health_is_served_beside_the_metrics() -> None:
    healthy = True
    with serving(CollectorRegistry(), Endpoint("127.0.0.1", 0), lambda: healthy) as port:
        url = f"http://127.0.0.1:{port}"
        with urllib.request.urlopen(f"{url}/healthz", timeout=60) as answer:
            assert json.load(answer) == {"status": "ok", "why": None}
        healthy = False
        with pytest.raises(urllib.error.HTTPError) as failed:
            urllib.request.urlopen(f"{url}/healthz", timeout=60)
        with failed.value as error:
            assert error.code == 503
            assert json.load(error)["status"] == "failed"
        with urllib.request.urlopen(f"{url}/metrics", timeout=60) as answer:
            assert answer.headers["Content-Type"].startswith("text/plain")
