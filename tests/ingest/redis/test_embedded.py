"""The embedded Valkey server: its options, its shutdown, and its end with the parent."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from redis.asyncio import Redis, RedisCluster
from redis.exceptions import ResponseError

from tests.support.eventually import eventually
from tests.support.processes import descendants, wait_gone
from tickfire.base.errors import UserError
from tickfire.base.ports import free_port
from tickfire.base.process import Guard, describe_exit
from tickfire.ingest.redis.options import RedisOptions, arguments
from tickfire.ingest.redis.ping import NotReady, ping
from tickfire.ingest.redis.server import EmbeddedRedis, binary
from tickfire.store.store import Store


@contextlib.asynccontextmanager
async def embedded(options: RedisOptions | None = None) -> AsyncIterator[EmbeddedRedis]:
    server = EmbeddedRedis(options or RedisOptions(free_port()))
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


def url(server: EmbeddedRedis) -> str:
    return f"redis://127.0.0.1:{server.options.port}/0"


async def test_it_answers_once_started_and_is_gone_once_stopped() -> None:
    async with embedded() as server:
        await ping("127.0.0.1", server.options.port)
        pid = server.pid
    assert wait_gone(pid)
    with pytest.raises(OSError):
        await ping("127.0.0.1", server.options.port)


async def test_its_settings_are_ours() -> None:
    async with embedded(RedisOptions(free_port(), max_memory="64mb")) as server:
        async with await Store.open(url(server)) as store:
            settings = await store.client.config_get(
                "bind", "save", "appendonly", "maxmemory", "maxmemory-policy", "protected-mode"
            )
    assert settings == {
        "bind": "127.0.0.1",
        "save": "",
        "appendonly": "no",
        "maxmemory": str(64 * 1024**2),
        "maxmemory-policy": "noeviction",
        "protected-mode": "yes",
    }


async def test_it_listens_on_a_unix_socket_for_its_user_alone(tmp_path: Path) -> None:
    path = tmp_path / "redis.sock"
    async with (
        embedded(RedisOptions(free_port(), unix_socket=path)),
        await Store.open(f"unix://{path}") as store,
    ):
        assert await store.client.ping()
        assert path.stat().st_mode & 0o777 == 0o700


async def test_data_lasts_in_a_folder_and_nowhere_else(tmp_path: Path) -> None:
    for options, expected in (
        (RedisOptions(free_port(), tmp_path / "data"), b"1"),
        (RedisOptions(free_port()), None),
    ):
        async with embedded(options) as server:
            async with await Store.open(url(server)) as store:
                await store.client.set("k", "1")
        async with embedded(options) as server:
            async with await Store.open(url(server)) as store:
                assert await store.client.get("k") == expected


async def test_a_setting_that_valkey_refuses_is_passed_on() -> None:
    with pytest.raises(UserError, match="did not start: argument must be a memory value"):
        await EmbeddedRedis(RedisOptions(free_port(), max_memory="12q")).start()


async def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match=r"cannot use .*file/data"):
        await EmbeddedRedis(RedisOptions(free_port(), tmp_path / "file" / "data")).start()


def start_command(*args: str) -> tuple[subprocess.Popen[str], int]:
    """Start ``tickfire redis`` and return it with Valkey's pid, once it is ready."""
    command = subprocess.Popen(
        [sys.executable, "-m", "tickfire.server", "redis", "--port", "0", *args],
        stderr=subprocess.PIPE,
        text=True,
    )
    assert command.stderr is not None
    line = command.stderr.readline()
    assert "Valkey is ready on 127.0.0.1:" in line
    return command, int(line.rpartition("pid ")[2].rstrip(")\n"))


def end_of(command: subprocess.Popen[str]) -> tuple[int, str]:
    _, said = command.communicate(timeout=60)
    return command.returncode, said


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_command_stops_valkey_and_ends_well(number: signal.Signals) -> None:
    command, valkey = start_command()
    command.send_signal(number)
    assert end_of(command) == (0, "")
    assert wait_gone(valkey)


def test_the_command_ends_when_valkey_is_killed() -> None:
    command, valkey = start_command()
    os.kill(valkey, signal.SIGKILL)
    code, said = end_of(command)
    assert code == 1
    assert said.startswith("tickfire: Valkey ended by itself (killed by SIGKILL)")
    assert said.count("\n") == 1


def test_valkey_ends_with_a_killed_command() -> None:
    command, valkey = start_command()
    command.kill()
    end_of(command)
    assert wait_gone(valkey)


GUARDED = """
import subprocess, sys
from tickfire.base.process import Guard
child = subprocess.Popen([sys.executable, "-c", "import threading; threading.Event().wait()"])
guard = Guard(child.pid)
print(child.pid, flush=True)
child.wait()
"""


def test_a_guarded_child_ends_with_its_killed_parent() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", GUARDED], stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        below = descendants(parent.pid)
        assert len(below) == 2
        parent.kill()
    assert all(wait_gone(pid) for pid in (child, *below))


def test_a_released_guard_leaves_the_child_alone() -> None:
    with subprocess.Popen(["/bin/sh", "-c", "read -r _"], stdin=subprocess.PIPE) as child:
        Guard(child.pid).release()
        assert child.poll() is None
        child.communicate(b"\n")
    assert child.returncode == 0


def test_exit_codes_are_described_in_words() -> None:
    assert describe_exit(3) == "exit code 3"
    assert describe_exit(-9) == "killed by SIGKILL"
    assert describe_exit(-250) == "killed by signal 250"


async def test_without_a_folder_nothing_is_ever_written() -> None:
    async with embedded() as server:
        async with await Store.open(url(server)) as store:
            folder = str((await store.client.config_get("dir"))["dir"])
            await store.client.set("k", "v")
            with pytest.raises(FileNotFoundError):
                os.listdir(folder)
            with pytest.raises(ResponseError):
                await store.client.save()
            await store.client.set("k", "w")
            assert await store.client.get("k") == b"w"


async def answering(answer: bytes) -> tuple[asyncio.Server, int]:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(answer)
        writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    return server, server.sockets[0].getsockname()[1]


async def test_a_server_that_still_loads_is_not_ready() -> None:
    server, port = await answering(b"-LOADING dataset\r\n")
    async with server:
        with pytest.raises(NotReady, match=r"^LOADING dataset$"):
            await ping("127.0.0.1", port)


async def test_a_server_that_hangs_up_is_not_ready() -> None:
    server, port = await answering(b"")
    async with server:
        with pytest.raises(OSError):
            await ping("127.0.0.1", port)


async def test_a_cluster_gets_a_cluster_client(tmp_path: Path) -> None:
    async with embedded() as alone:
        async with await Store.open(url(alone)) as store:
            assert not isinstance(store.client, RedisCluster)
    async with cluster(tmp_path) as address:
        async with await Store.open(address) as store:
            assert isinstance(store.client, RedisCluster)
            await store.client.set("k", "v")
            assert await store.client.get("k") == b"v"


@contextlib.asynccontextmanager
async def cluster(folder: Path) -> AsyncIterator[str]:
    """Run a Valkey Cluster of one node that holds all slots; its files go to `folder`."""
    port, bus = free_port(), free_port()
    process = await asyncio.create_subprocess_exec(
        binary(),
        *arguments(RedisOptions(port), folder),
        *("--cluster-enabled", "yes", "--cluster-port", str(bus)),
        stdout=asyncio.subprocess.DEVNULL,
    )
    try:
        async with asyncio.timeout(60):
            await eventually(lambda: serves(port), "it serves")
            async with Redis(port=port) as client:
                await client.cluster("ADDSLOTSRANGE", 0, 16383)
                await eventually(lambda: holds_all_slots(client), "it holds all slots")
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        process.kill()
        await process.wait()


async def serves(port: int) -> bool:
    try:
        await ping("127.0.0.1", port)
    except OSError:
        return False
    return True


async def holds_all_slots(client: Redis) -> bool:
    state = await client.cluster("INFO")
    return bool(state["cluster_state"] == "ok")
