"""``tickfire serve`` as a process."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx
import pytest

from tests.support.eventually import eventually
from tests.support.http import http_client
from tests.support.phoenix_client import PhoenixClient
from tests.support.publisher import Publisher, trades
from tests.support.valkey import Valkey
from tickfire.base.ports import free_port

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]
START_TIMEOUT_S = 90.0
EXIT_TIMEOUT_S = 60.0
type Start = Callable[..., Awaitable[asyncio.subprocess.Process]]


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    """Yield a function that starts ``tickfire serve``, which is killed after the test."""
    processes: list[asyncio.subprocess.Process] = []

    async def run(*options: str) -> asyncio.subprocess.Process:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tickfire.server", "serve", *options),
            stderr=asyncio.subprocess.PIPE,
            env={**os.environ, "TICKFIRE_LOG": "info"},
        )
        processes.append(process)
        return process

    yield run
    for process in processes:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def is_ready(port: int) -> bool:
    try:
        async with http_client() as client:
            answer = await client.get(f"http://127.0.0.1:{port}/readyz")
    except httpx.TransportError:
        return False
    return answer.status_code == 200


async def first_client(port: int) -> PhoenixClient:
    """Return the first client that the server lets in."""
    clients: list[PhoenixClient] = []

    async def is_let_in() -> bool:
        try:
            clients.append(await PhoenixClient.open(port))
        except ConnectionRefusedError:
            return False
        return True

    await eventually(is_let_in, "the port is open", START_TIMEOUT_S)
    return clients[0]


async def sentence(process: asyncio.subprocess.Process) -> str:
    """Return the last line of output of a process that failed."""
    async with asyncio.timeout(EXIT_TIMEOUT_S):
        _, said = await process.communicate()
    assert process.returncode not in (0, None)
    lines = said.decode().strip().splitlines()
    assert not any("Traceback" in line for line in lines)
    return lines[-1]


@pytest.mark.parametrize("workers", [1, 2])
async def test_it_serves_and_stops_in_order(
    start: Start, publisher: Publisher, valkey: Valkey, workers: int
) -> None:
    port = free_port()
    options = ("--dev", "--port", str(port), "--redis-url", valkey.url)
    process = await start(*options, "--workers", str(workers))
    clients = [await first_client(port)]
    assert await is_ready(port)
    clients += [await PhoenixClient.open(port) for _ in range(5)]
    joined = [await client.join("market:realtime") for client in clients]
    assert {one.status for one in joined} == {"ok"}
    publisher.publish(trades(50), entry_size=5)
    for one in joined:
        assert len(await one.count("tick", 50)) == 50
    process.send_signal(signal.SIGTERM)
    async with asyncio.timeout(EXIT_TIMEOUT_S):
        for client in clients:
            await client.reading
        assert await process.wait() == 0
    assert [client.close_code for client in clients] == [1012] * 6


async def test_long_poll_reaches_its_session_by_any_worker(
    start: Start, publisher: Publisher, valkey: Valkey
) -> None:
    port = free_port()
    options = ("--dev", "--port", str(port), "--redis-url", valkey.url, "--workers", "2")
    process = await start(*options)
    await eventually(lambda: is_ready(port), "the server is ready", START_TIMEOUT_S)
    address = f"http://127.0.0.1:{port}/socket/longpoll"
    query, heartbeat = {"vsn": "2.0.0"}, '[null,"1","phoenix","heartbeat",{}]'

    async def ask(method: str, body: str = "", **options: Any) -> dict[str, Any]:
        async with http_client(timeout=EXIT_TIMEOUT_S) as client:  # of one connection
            answer = await client.request(method, address, params=query, content=body, **options)
        body_of: dict[str, Any] = answer.json()
        return body_of

    async def begin() -> bool:
        query["token"] = (await ask("GET"))["token"]
        return {(await ask("POST", heartbeat))["status"] for _ in range(8)} == {200}

    await eventually(begin, "both workers are linked", START_TIMEOUT_S)
    for _ in range(8):
        assert (await ask("POST", heartbeat))["status"] == 200
        assert (await ask("GET"))["status"] == 200
    sent = asyncio.Event()

    async def note(step: str, info: Any) -> None:
        if step == "http11.receive_response_headers.started":
            sent.set()

    waiting = asyncio.create_task(ask("GET", extensions={"trace": note}))
    await sent.wait()
    assert await is_ready(port)  # on a connection that is accepted after that of the poll
    process.send_signal(signal.SIGTERM)
    async with asyncio.timeout(EXIT_TIMEOUT_S):
        assert (await waiting)["status"] == 410
        _, said = await process.communicate()
    assert process.returncode == 0
    assert b"Cancel" not in said


async def test_signals_of_other_programs_do_not_end_it(
    start: Start, publisher: Publisher, valkey: Valkey
) -> None:
    port = free_port()
    process = await start("--dev", "--port", str(port), "--redis-url", valkey.url)
    client = await first_client(port)
    for number in (signal.SIGUSR1, signal.SIGUSR2):
        process.send_signal(number)
    joined = await client.join("market:realtime")
    publisher.publish(trades(3))
    await joined.count("tick", 3)
    process.send_signal(signal.SIGTERM)
    async with asyncio.timeout(EXIT_TIMEOUT_S):
        _, said = await process.communicate()
    assert process.returncode == 0
    for name in ("SIGUSR1", "SIGUSR2"):
        assert f"{name}: ignored" in said.decode()
    await client.reading
    assert client.close_code == 1012


async def test_workers_end_with_their_parent_and_leave_the_port(
    start: Start, publisher: Publisher, valkey: Valkey
) -> None:
    port = free_port()
    options = ("--dev", "--port", str(port), "--redis-url", valkey.url, "--workers", "2")
    process = await start(*options)
    await eventually(lambda: is_ready(port), "the server is ready", START_TIMEOUT_S)
    process.kill()

    def is_free() -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) != 0

    await eventually(is_free, "the workers are gone")


async def test_a_port_in_use_is_one_sentence(start: Start, valkey: Valkey) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        process = await start("--dev", "--port", str(port), "--redis-url", valkey.url)
        assert f"port {port} on 127.0.0.1 is in use" in await sentence(process)


async def test_it_waits_for_redis_and_stops_in_order_meanwhile(start: Start) -> None:
    url = f"redis://127.0.0.1:{free_port()}/0"
    process = await start("--dev", "--port", "0", "--redis-url", url)
    assert process.stderr is not None
    async with asyncio.timeout(START_TIMEOUT_S):
        async for line in process.stderr:
            if f"Redis at {url} is out of reach since" in line.decode():
                break
    process.send_signal(signal.SIGTERM)
    async with asyncio.timeout(EXIT_TIMEOUT_S):
        _, said = await process.communicate()
    assert (process.returncode, said) == (0, b"")


async def test_a_redis_that_refuses_is_one_sentence(start: Start, valkey: Valkey) -> None:
    url = f"redis://nobody:wrong@127.0.0.1:{valkey.port}/0"
    process = await start("--dev", "--port", "0", "--redis-url", url)
    assert "cannot reach Redis at redis://***@" in await sentence(process)


async def test_a_url_that_is_none_is_one_sentence(start: Start) -> None:
    process = await start("--dev", "--port", "0", "--redis-url", "http://127.0.0.1")
    assert "is not a Redis URL" in await sentence(process)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--dev", "--host", "0.0.0.0"), "leave --host at 127.0.0.1, or add --insecure"),
        (("--dev", "--trusted-proxies", "10.0.0.0/99"), "TRUSTED_PROXIES"),
        (("--dev", "--max-connections", "0"), "--max-connections"),
    ],
)
async def test_a_bad_option_is_one_sentence(
    start: Start, valkey: Valkey, options: tuple[str, ...], words: str
) -> None:
    process = await start("--port", "0", "--redis-url", valkey.url, *options)
    assert words in await sentence(process)
    assert process.returncode == 2


async def test_the_limit_of_open_files_is_raised(
    start: Start, publisher: Publisher, valkey: Valkey
) -> None:
    port = free_port()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(256, hard), hard))
    try:
        process = await start("--dev", "--port", str(port), "--redis-url", valkey.url)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    await eventually(lambda: is_ready(port), "the server is ready", START_TIMEOUT_S)
    assert resource.prlimit(process.pid, resource.RLIMIT_NOFILE) == (hard, hard)


async def test_outside_dev_somebody_must_say_who_may_connect(start: Start, valkey: Valkey) -> None:
    process = await start("--port", "0", "--redis-url", valkey.url)
    assert "who may connect" in await sentence(process)
    assert process.returncode == 2
