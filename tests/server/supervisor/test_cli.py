"""The command line as a user sees it: real processes, their messages and exit codes."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from tests.support.cli import assert_one_sentence, run


def test_version() -> None:
    assert run("--version").stdout == f"tickfire {version('tickfire')}\n"


def test_help_names_every_command_and_loads_none() -> None:
    code = (
        "import sys; from tickfire.server.cli import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        "print(sorted({'numpy', 'numba', 'redis', 'starlette', 'msgspec'} & set(sys.modules)))"
    )
    shown = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    ).stdout
    for command in ("dev", "redis", "gateway", "ingest", "news", "serve", "bars", "bench"):
        assert re.search(rf"^  {command} +\w", shown, re.MULTILINE)
    assert shown.endswith("[]\n")


def test_without_a_command_help_is_shown_and_nothing_runs() -> None:
    result = run()
    assert result.returncode == 2
    assert result.stderr.startswith("Usage: tickfire")


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["bogus"], "No such command 'bogus'"),
        (["redis", "--port", "x"], "'x' is not a valid"),
        (["redis", "--maxmemory", "12q"], "12q is not a size"),
        (["dev", "--workers", "0"], "0 is not in the range"),
    ],
)
def test_wrong_usage_exits_2(args: list[str], words: str) -> None:
    assert_one_sentence(run(*args), words, exit_code=2)


@pytest.mark.parametrize(
    ("env", "words", "exit_code"),
    [
        ({"HOST": "0.0.0.0"}, "does not listen on 0.0.0.0", 2),
        ({"FEED": "absent.dbn.zst"}, "absent.dbn.zst does not exist", 1),
        ({"FEED": "/"}, "is a folder", 1),
        ({"PORT": "http"}, "'http' is not a valid integer", 2),
        ({"SPEED": "-1"}, "-1", 2),
        ({"REDIS_URL": "http://x"}, "is not a Redis URL", 2),
        ({"REDIS_URL": "redis://u:secret@127.0.0.1:1/0"}, "cannot reach Redis", 1),
        ({"TICKFIRE_LOG": "loud"}, "TICKFIRE_LOG=loud is not a log level", 2),
        ({"TICKFIRE_LOG_FORMAT": "xml"}, "xml is not a format of logs; use text or json", 2),
    ],
)
def test_a_wrong_environment_of_dev_is_one_sentence(
    env: dict[str, str], words: str, exit_code: int
) -> None:
    result = run("dev", **{"PORT": "0", **env})
    assert_one_sentence(result, words, exit_code)
    assert "secret" not in result.stderr


def test_a_port_in_use_is_one_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert_one_sentence(run("dev", PORT=port), f"port {port} on 127.0.0.1 is in use")
        assert_one_sentence(run("redis", "--port", port), f"port {port} on 127.0.0.1 is in use")


def test_output_cut_short_by_its_reader_is_no_error() -> None:
    result = subprocess.run(
        ["/bin/sh", "-c", f"{sys.executable} -m tickfire.server --help | true"],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=Path(__file__).parent,
    )
    assert result.stderr == ""
