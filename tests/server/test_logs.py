"""Logs of the commands: lines of text, lines of JSON, and the environment that chooses."""

from __future__ import annotations

import json
import logging
import os
import re
import sys
import warnings
from collections.abc import Callable
from datetime import datetime
from io import StringIO
from typing import Any

import pytest

from tests.support.cli import run
from tickfire.base.errors import UsageError
from tickfire.base.printable import printable
from tickfire.phoenix import Channel, Socket, UserSocket
from tickfire.phoenix.testing import JoinRefused, connect
from tickfire.server.logs.json_lines import JsonFormatter, as_text
from tickfire.server.logs.lines import LineFormatter
from tickfire.server.logs.records import SOURCE_ATTRIBUTE
from tickfire.server.logs.setup import level_of, number_worker, set_up_logging

DATE = r"\d{4}-\d\d-\d\d"
TIME = r"\d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d"


def record(level: int, text: str) -> logging.LogRecord:
    made = logging.LogRecord("x", level, "", 0, text, (), None)
    made.created = 0.123
    return made


def test_a_log_line_has_time_name_and_text() -> None:
    line = LineFormatter("server").format(record(logging.INFO, "ready"))
    assert re.fullmatch(rf"1970-01-01 {TIME} server   ready", line)


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


@pytest.fixture
def logged(monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[str]]:
    """Set up the log of a command with the given environment; call it for the lines."""
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):  # as a server of a module sets them
        monkeypatch.setattr(logging.getLogger(name), "handlers", [])
        monkeypatch.setattr(logging.getLogger(name), "propagate", True)
        monkeypatch.setattr(logging.getLogger(name), "level", logging.NOTSET)
    stream = StringIO()
    monkeypatch.setenv("TICKFIRE_LOG_FORMAT", "json")
    set_up_logging("news", stream=stream)
    return lambda: stream.getvalue().splitlines()


def test_lines_of_text_have_no_colour_when_the_stream_is_no_terminal(
    logged: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TICKFIRE_LOG_FORMAT")
    stream = StringIO()
    set_up_logging("news", stream=stream)
    logging.getLogger("tickfire.x").info("hello")
    assert re.fullmatch(rf"{DATE} {TIME} news     hello\n", stream.getvalue())


def test_a_line_of_json_has_time_zone_level_logger_and_process(
    logged: Callable[[], list[str]],
) -> None:
    number_worker(2)
    before = datetime.now().astimezone()
    logging.getLogger("uvicorn.error").warning("%d late", 3, extra={"color_message": "x"})
    (line,) = logged()
    said = json.loads(line)
    at = datetime.fromisoformat(said.pop("time"))
    assert at.tzinfo is not None and abs((at - before).total_seconds()) < 60
    assert said == {
        "level": "warning", "logger": "uvicorn.error", "message": "3 late", "process": "news",
        "pid": os.getpid(), "worker": 2,
    }  # fmt: skip


def test_a_traceback_is_a_field_and_bounded(logged: Callable[[], list[str]]) -> None:
    try:
        raise ValueError("\x1b[31m" + "x" * 10_000 + "\nand" * 1_000)
    except ValueError:
        logging.getLogger("tickfire.x").exception("failed")
    (line,) = logged()
    exception = json.loads(line)["exception"]
    assert exception.endswith("\nand") and len(exception) <= 10_000 and "\x1b" not in line


@pytest.mark.parametrize(
    "text", ['"}\n{"level": "error"', "\x1b[2J\u2028\u202e", "\ud800", "\x9b0m"]
)
def test_what_others_say_cannot_end_a_line_of_json(
    logged: Callable[[], list[str]], text: str
) -> None:
    logging.getLogger("tickfire.x").info("the gateway says %s", text, extra={"topic": text})
    (line,) = logged()
    said = json.loads(line)
    assert said["message"] == "the gateway says " + printable(text)
    assert said["topic"] == printable(text) and line.isprintable()


def test_warnings_and_the_end_by_an_error_are_lines_of_json(
    logged: Callable[[], list[str]],
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(True)
        warnings.warn("old", stacklevel=1)
    try:
        raise KeyError("gone")
    except KeyError as error:
        sys.excepthook(KeyError, error, error.__traceback__)
    warned, ended = map(json.loads, logged())
    assert warned["logger"] == "py.warnings" and "old" in warned["message"]
    assert ended["level"] == "critical" and "KeyError: 'gone'" in ended["exception"]


def test_a_supervisor_passes_lines_of_json_on_and_wraps_others(
    logged: Callable[[], list[str]],
) -> None:
    own = JsonFormatter("ingest").format(record(logging.WARNING, "late \x1b"))
    relayed = logging.getLogger("tickfire.server.supervisor.supervisor")
    relayed.info("%s", own, extra={SOURCE_ATTRIBUTE: "ingest"})
    relayed.info("%s", "error: no", extra={SOURCE_ATTRIBUTE: "valkey"})
    same, wrapped = logged()
    assert same == own
    said = json.loads(wrapped)
    assert (said["level"], said["message"], said["process"]) == ("error", "error: no", "valkey")


def test_an_error_of_the_user_is_a_line_of_json_that_a_supervisor_knows() -> None:
    result = run(
        "serve", TICKFIRE_LOG_FORMAT="json", REDIS_URL="http://x", SECRET_KEY_BASE="x" * 64
    )
    (line,) = result.stderr.splitlines()
    said = json.loads(line)
    assert result.returncode == 2 and said["level"] == "error" and said["process"] == "serve"
    assert as_text(line) == f"tickfire: {said['message']}" and "not a Redis URL" in line
    assert as_text("tickfire: no") == "tickfire: no"


class Failing(Channel):
    """Channel whose join crashes, or whose messages do."""

    async def join(self, topic: str, payload: Any, socket: Socket) -> None:
        if topic == "room:1":
            raise ValueError("join")

    async def handle_in(self, event: str, payload: Any, socket: Socket) -> None:
        raise ValueError("push")


async def test_records_of_a_channel_name_its_connection_client_and_topic(
    logged: Callable[[], list[str]],
) -> None:
    class Named(UserSocket):
        def id(self) -> str:
            return "user:ada"

    client = await connect(Named, channels={"room:*": Failing})
    with pytest.raises(JoinRefused):
        await client.join("room:1")
    room, _ = await client.join("room:2")
    room.push("x", {})
    await room.assert_push("phx_error")
    for line, topic in zip(logged(), ("room:1", "room:2"), strict=True):
        said = json.loads(line)
        assert (said["connection"], said["client"], said["topic"]) == (1, "user:ada", topic)
        assert "ValueError" in said["exception"]
