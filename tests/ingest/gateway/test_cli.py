"""The command as a process: ready line, bad input, signals."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.dbn import trades, write_dbn
from tests.support.gateway import TIMEOUT_S, connected, data_records


def command(*options: str) -> list[str]:
    return [sys.executable, "-m", "tickfire.server", "gateway", *options]


@contextmanager
def running(*options: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """Run the command until it is ready; yield it and its port."""
    with subprocess.Popen(command(*options), stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            line = process.stderr.readline()
            ready = re.search(r"gateway listening on 127\.0\.0\.1:(\d+)$", line.strip())
            assert ready, line
            yield process, int(ready[1])
        finally:
            process.kill()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_it_serves_a_file_until_it_is_told_to_stop(tmp_path: Path, number: int) -> None:
    records = trades(5).tobytes()
    file = write_dbn(tmp_path / "x.dbn", records)
    with running("--file", str(file), "--speed", "0", "--port", "0") as (process, port):
        async with connected(port) as client:
            await client.start("trades")
            assert b"".join(data_records(b"".join(await client.until("completed")))) == records
            process.send_signal(number)
            await client.ended()
        assert process.wait(TIMEOUT_S) == 0


async def test_it_simulates_a_market_without_a_file() -> None:
    with running("--port", "0", "--history", "1", "--seed", "3") as (_, port):
        async with connected(port) as client:
            await client.start("trades")
            kinds = {(await client.record())[1] for _ in range(30)}
            assert 0 in kinds


def test_bad_input_ends_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "csv").write_text("ts,price\n")
    (tmp_path / "v4").write_bytes(b"DBN\x04" + bytes(100))
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        cases = {
            ("--file", str(tmp_path / "missing")): "does not exist",
            ("--file", str(tmp_path / "csv")): "is not DBN",
            ("--file", str(tmp_path / "v4")): "is DBN version 4",
            ("--port", str(taken.getsockname()[1])): "is in use",
            ("--speed", "0"): "speed 0 needs a file",
            ("--key", "short"): "API key",
        }
        for options, words in cases.items():
            ended = subprocess.run(
                command(*options), capture_output=True, text=True, timeout=60, check=False
            )
            assert ended.returncode not in (0, -1), options
            assert words in ended.stderr, options
            assert len(ended.stderr.strip().splitlines()) == 1, ended.stderr
            assert "Traceback" not in ended.stderr
