"""The supervisor over real processes, small ones."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.eventually import eventually
from tests.support.processes import group_of, wait_gone
from tests.support.supervisor import small_child
from tickfire.base.errors import UserError
from tickfire.base.ports import free_port
from tickfire.server.supervisor.child import MAX_LINE_BYTES, Child
from tickfire.server.supervisor.plan import ChildSpec, Probe
from tickfire.server.supervisor.policy import Limits
from tickfire.server.supervisor.supervisor import Supervisor

CHILD = (sys.executable, small_child.__file__)
QUICK = Limits(first_delay_s=0.01, max_delay_s=0.02, max_deaths=3)


def listener(name: str, port: int, behaviour: str = "listen") -> ChildSpec:
    return ChildSpec(name, (behaviour, str(port)), probe=Probe("tcp", "127.0.0.1", port))


@contextlib.asynccontextmanager
async def running(house: Supervisor) -> AsyncIterator[asyncio.Task[None]]:
    """Run a house until it is live, and stop it at the end."""
    stop, live = asyncio.Event(), asyncio.Event()
    task = asyncio.create_task(house.run(stop, live.set))
    try:
        async with asyncio.timeout(60):
            await live.wait()
        yield task
    finally:
        stop.set()
        await task


async def answers(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True


async def test_a_house_starts_in_order_and_leaves_nothing_behind() -> None:
    ports = [free_port() for _ in range(3)]
    house = Supervisor([listener(f"c{n}", port) for n, port in enumerate(ports)], command=CHILD)
    async with running(house):
        assert [await answers(port) for port in ports] == [True] * 3
        pids = house.pids
        assert list(pids) == ["c0", "c1", "c2"]
    assert all(wait_gone(pid) for pid in pids.values())
    assert not any([await answers(port) for port in ports])


async def test_children_stop_in_the_reverse_order(caplog: pytest.LogCaptureFixture) -> None:
    stopped: list[str] = []
    original = Child.stop

    async def noting(self: Child, timeout_s: float = 5.0) -> None:
        stopped.append(self.name)
        await original(self, timeout_s)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Child, "stop", noting)
        async with running(
            Supervisor([listener("a", free_port()), listener("b", free_port())], command=CHILD)
        ):
            pass
    assert stopped == ["b", "a"]


async def test_a_killed_child_is_started_again_on_its_port(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    port = free_port()
    house = Supervisor([listener("one", port)], command=CHILD)
    async with running(house):
        first = house.pids["one"]
        os.kill(first, signal.SIGKILL)

        async def back() -> bool:
            return house.pids.get("one", first) != first and await answers(port)

        await eventually(back, "it is back")
    assert "one died (killed by SIGKILL); starting it again in 0.2 s" in caplog.text


async def test_what_a_dead_child_left_running_is_killed_before_the_next_start() -> None:
    port = free_port()
    house = Supervisor([listener("one", port, "parent")], command=CHILD)
    async with running(house):
        first = house.pids["one"]
        members = group_of(first)
        assert len(members) == 2
        os.kill(first, signal.SIGKILL)

        async def back() -> bool:
            return house.pids.get("one", first) != first and await answers(port)

        await eventually(back, "it is back")
        assert all(wait_gone(pid) for pid in members)
        second = group_of(house.pids["one"])
    assert all(wait_gone(pid) for pid in second)


async def test_a_child_that_dies_too_often_ends_the_house_in_one_sentence() -> None:
    port = free_port()
    house = Supervisor(
        [listener("fine", port), ChildSpec("bad", ("crash",))], command=CHILD, limits=QUICK
    )
    with pytest.raises(UserError) as caught:
        await house.run(asyncio.Event(), lambda: None)
    assert str(caught.value) == (
        "bad died 4 times within 60 s (exit code 1, last line: ValueError: a defect); giving up."
    )
    assert not await answers(port)


async def test_an_end_without_an_error_is_a_death_too() -> None:
    house = Supervisor([ChildSpec("short", ("finish",))], command=CHILD, limits=QUICK)
    with pytest.raises(UserError, match=r"short died 4 times within 60 s \(exit code 0\)"):
        await house.run(asyncio.Event(), lambda: None)


async def test_bad_input_at_the_first_start_is_passed_on_at_once() -> None:
    house = Supervisor([ChildSpec("ingest", ("refuse",))], command=CHILD)
    with pytest.raises(UserError) as caught:
        await house.run(asyncio.Event(), lambda: None)
    assert str(caught.value) == "the key is wrong; correct it."
    assert house.deaths == 1


async def test_the_same_words_later_are_a_death_like_any(tmp_path: Path) -> None:
    spec = ChildSpec("ingest", ("refuse_again", str(tmp_path / "mark")))
    house = Supervisor([spec], command=CHILD, limits=QUICK)
    with pytest.raises(UserError, match=r"ingest died 4 times .*the key is wrong"):
        async with running(house) as task:

            async def started() -> bool:
                return await asyncio.to_thread((tmp_path / "mark").exists)

            await eventually(started, "it has started")
            os.kill(house.pids["ingest"], signal.SIGKILL)
            await task


async def test_a_child_that_ignores_sigterm_is_killed() -> None:
    said = asyncio.Queue[str]()
    child = await Child.start("s", [*CHILD, "stubborn"], {}, said.put_nowait)
    assert await asyncio.wait_for(said.get(), 60) == "stubborn"
    await child.stop(timeout_s=0.1)
    assert await child.wait() == -signal.SIGKILL
    assert "was killed" in said.get_nowait()


async def test_a_line_without_end_is_cut_and_what_follows_is_read() -> None:
    said = asyncio.Queue[str]()
    child = await Child.start("s", [*CHILD, "shout"], {}, said.put_nowait)
    lines = []
    async with asyncio.timeout(60):
        while "after" not in lines:
            lines.append(await said.get())
    await child.stop()
    assert all(len(line) <= MAX_LINE_BYTES for line in lines)
    assert set("".join(lines[:-1])) == {"x"}


async def test_a_stop_during_the_start_ends_what_was_started() -> None:
    port, never = free_port(), free_port()
    stop = asyncio.Event()
    specs = [
        listener("one", port),
        ChildSpec("mute", ("stubborn",), probe=Probe("tcp", "127.0.0.1", never)),
    ]
    house = Supervisor(specs, command=CHILD)
    task = asyncio.create_task(house.run(stop, lambda: pytest.fail("not live")))

    async def both_run() -> bool:
        return len(house.pids) == 2

    await eventually(both_run, "both run")
    pids = house.pids
    stop.set()
    await asyncio.wait_for(task, 60)
    assert all(wait_gone(pid) for pid in pids.values())


def test_children_and_theirs_end_with_a_killed_supervisor() -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "tests.support.supervisor.small_house"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as house:
        assert house.stdout is not None
        leaders = [int(word) for word in house.stdout.readline().split()]
        members = [pid for leader in leaders for pid in group_of(leader)]
        assert len(members) == 3
        house.kill()
    assert all(wait_gone(pid) for pid in members)


async def test_a_port_that_is_taken_does_not_count_as_ready_for_ever() -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        probe = Probe("redis", "127.0.0.1", mute.getsockname()[1])
        house = Supervisor([ChildSpec("r", ("stubborn",), probe=probe)], command=CHILD)
        stop = asyncio.Event()
        task = asyncio.create_task(house.run(stop, lambda: pytest.fail("not live")))

        async def asked() -> bool:
            mute.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                mute.accept()[0].close()
                return True
            return False

        await eventually(asked, "it was asked")
        stop.set()
        await asyncio.wait_for(task, 60)
