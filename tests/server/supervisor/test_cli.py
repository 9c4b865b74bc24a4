"""The command line as a user sees it: real processes, their messages and exit codes."""

from __future__ import annotations

import logging
import re
import socket
import subprocess
import sys
from importlib.metadata import version
from io import StringIO
from pathlib import Path

import pytest

from tests.support.cli import assert_one_sentence, run
from tickfire.base.errors import UsageError
from tickfire.server.logs import SOURCE_ATTRIBUTE, LineFormatter, level_of, set_up_logging


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
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True
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


def record(level: int, text: str) -> logging.LogRecord:
    made = logging.LogRecord("x", level, "", 0, text, (), None)
    made.created = 0.123
    return made


def test_a_log_line_has_time_name_and_text() -> None:
    line = LineFormatter("server").format(record(logging.INFO, "ready"))
    assert re.fullmatch(r"\d\d:\d\d:\d\d\.123 server   ready", line)


def test_a_relayed_line_carries_its_own_name() -> None:
    relayed = record(logging.INFO, "error: no")
    setattr(relayed, SOURCE_ATTRIBUTE, "ingest")
    assert LineFormatter("dev").format(relayed).endswith(" ingest   error: no")


def test_a_supervised_process_leaves_time_and_name_out() -> None:
    formatter = LineFormatter("server", bare=True)
    assert formatter.format(record(logging.WARNING, "late")) == "warning: late"


def test_colour_marks_name_and_level() -> None:
    line = LineFormatter("server", colour=True).format(record(logging.ERROR, "no"))
    assert "\x1b[31merror:\x1b[0m no" in line


def test_what_others_say_is_cut_and_its_escape_codes_are_shown() -> None:
    formatter = LineFormatter("ingest", bare=True)
    said = formatter.format(record(logging.WARNING, "the gateway says \x1b[2J\nerror: \x9b0m"))
    assert said == r"warning: the gateway says \x1b[2J\nerror: \x9b0m"
    assert formatter.format(record(logging.INFO, "x" * 3_000)).endswith("(1,000 more characters)")


def test_a_traceback_is_bounded_too() -> None:
    failed = record(logging.ERROR, "failed")
    try:
        raise ValueError("\x1b[31m" + "x" * 10_000 + "\nand" * 1_000)
    except ValueError as error:
        failed.exc_info = (ValueError, error, error.__traceback__)
    lines = LineFormatter("server", bare=True).format(failed).split("\n")
    assert lines[0] == "error: failed" and lines[-1] == "and"
    assert len(lines) <= 201 and max(map(len, lines)) < 2_100
    assert "\x1b" not in "".join(lines)


def test_the_level_comes_from_the_environment() -> None:
    assert level_of({}) == logging.INFO
    assert level_of({"TICKFIRE_LOG": " DEBUG "}) == logging.DEBUG
    with pytest.raises(UsageError, match="use debug, info, warning, error"):
        level_of({"TICKFIRE_LOG": "5"})


def test_logging_goes_to_the_stream_without_colour_when_it_is_no_terminal() -> None:
    root, stream = logging.getLogger(), StringIO()
    handlers, level = root.handlers[:], root.level
    try:
        set_up_logging("news", stream=stream)
        logging.getLogger("tickfire.x").info("hello")
    finally:
        root.handlers[:], root.level = handlers, level
    assert re.fullmatch(r"[\d:.]+ news     hello\n", stream.getvalue())


def test_output_cut_short_by_its_reader_is_no_error() -> None:
    result = subprocess.run(
        ["/bin/sh", "-c", f"{sys.executable} -m tickfire.server --help | true"],
        capture_output=True,
        text=True,
        timeout=30,
        cwd=Path(__file__).parent,
    )
    assert result.stderr == ""
