"""Programs that end in the middle: nothing is left behind, and no error but their own is seen."""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path

import pytest

from tests.support.eventually import eventually
from tests.support.publisher import Publisher, trades
from tests.support.server import Server
from tickfire.base.ports import free_port
from tickfire.client import Market

WITHIN_S = 50.0

SYNC = {
    "a market that is never closed": """
for tick in sync.Market(url).ticks():
    print("reads", flush=True)
""",
    "streams that are never closed": """
market = sync.Market(url)
ticks, batches = iter(market.ticks()), iter(market.batches())
next(ticks), next(batches)
print("reads", flush=True)
time.sleep(60)
""",
    "a market that is closed": """
with sync.Market(url) as market:
    print("reads", flush=True)
    market.ticks().take(10**9)
""",
    "events": """
with sync.Phoenix(url + "/socket") as socket:
    channel = socket.channel("market:realtime")
    channel.join()
    print("reads", flush=True)
    for event in channel.events():
        pass
""",
}
ASYNC = {
    "a stream that is left": """
    async for tick in Market(url).ticks():
        break
""",
    "a stream that is held": """
    global stream
    stream = aiter(Market(url).ticks())
    await anext(stream)
""",
    "streams within each other": """
    market = Market(url)
    async for tick in market.ticks():
        async for batch in market.batches():
            break
        break
""",
}


async def program(folder: Path, code: str, url: str) -> asyncio.subprocess.Process:
    path = folder / "program.py"
    path.write_text(code.replace("url", repr(url)))
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-W", "default", str(path)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


@pytest.mark.parametrize("name", SYNC)
async def test_ctrl_c_ends_a_program_without_asyncio(
    publisher: Publisher, server: Server, tmp_path: Path, name: str
) -> None:
    publishing = asyncio.create_task(publish(publisher, server))
    code = f"import time\nfrom tickfire.client import sync\n{SYNC[name]}"
    process = await program(tmp_path, code, f"http://127.0.0.1:{server.port}")
    try:
        assert process.stdout is not None
        assert await asyncio.wait_for(process.stdout.readline(), WITHIN_S) == b"reads\n"
        process.send_signal(signal.SIGINT)
        _, errors = await asyncio.wait_for(process.communicate(), WITHIN_S)
    finally:
        publishing.cancel()
    said = errors.decode()
    assert said.count("Traceback") == 1 and said.endswith("KeyboardInterrupt\n"), said
    assert process.returncode == -signal.SIGINT


@pytest.mark.parametrize("name", ASYNC)
async def test_a_program_that_leaves_streams_open_ends_in_silence(
    publisher: Publisher, server: Server, tmp_path: Path, name: str
) -> None:
    publishing = asyncio.create_task(publish(publisher, server))
    code = "import asyncio\nfrom tickfire.client import Market\n"
    code += f"async def main():{ASYNC[name]}\nasyncio.run(main())\n"
    process = await program(tmp_path, code, f"http://127.0.0.1:{server.port}")
    try:
        _, errors = await asyncio.wait_for(process.communicate(), WITHIN_S)
    finally:
        publishing.cancel()
    assert (process.returncode, errors.decode()) == (0, "")


async def publish(publisher: Publisher, server: Server) -> None:
    """Write ticks all the time, as fast as the server and its clients read them."""
    while True:
        publisher.publish(trades(5))
        await server.reaches(publisher)
        await eventually(lambda: server.unsent() == 0, "the clients have read all")


async def test_a_cancelled_connect_leaves_no_attempts_behind() -> None:
    before = asyncio.all_tasks()
    market = Market(f"http://127.0.0.1:{free_port()}")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await market.instruments()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1), market:
            raise AssertionError("nobody listens")
    assert asyncio.all_tasks() == before
