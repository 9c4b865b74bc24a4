"""The log of a command, as the environment wants it: its level and its format."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Mapping
from types import TracebackType
from typing import Final, TextIO

from tickfire.base.errors import UsageError
from tickfire.server.lifeline import SUPERVISED_VARIABLE
from tickfire.server.logs.json_lines import JsonFormatter
from tickfire.server.logs.lines import LineFormatter

LEVEL_VARIABLE: Final = "TICKFIRE_LOG"
LEVELS: Final = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
}
FORMAT_VARIABLE: Final = "TICKFIRE_LOG_FORMAT"
FORMATS: Final = ("text", "json")

_QUIET_LOGGERS: Final = (
    *("httpx", "httpcore", "numba", "asyncio", "websockets"),
    *("fsspec", "s3fs", "gcsfs", "adlfs", "paramiko", "botocore", "aiobotocore"),
)
"""Loggers of libraries whose lines below warnings are of no use, or hold addresses and tokens."""


def level_of(environ: Mapping[str, str]) -> int:
    """Return the log level that ``TICKFIRE_LOG`` names, INFO by default.

    Raises
    ------
    UsageError
        If it names no level.
    """
    word = environ.get(LEVEL_VARIABLE, "").strip().lower() or "info"
    if word not in LEVELS:
        raise UsageError(f"{LEVEL_VARIABLE}={word} is not a log level; use {', '.join(LEVELS)}.")
    return LEVELS[word]


def is_json(environ: Mapping[str, str]) -> bool:
    """Return whether ``TICKFIRE_LOG_FORMAT`` asks for JSON instead of text, the default.

    Raises
    ------
    UsageError
        If it names no format.
    """
    word = environ.get(FORMAT_VARIABLE, "").strip().lower() or FORMATS[0]
    if word not in FORMATS:
        raise UsageError(
            f"{FORMAT_VARIABLE}={word} is not a format of logs; use {' or '.join(FORMATS)}."
        )
    return word == "json"


def set_up_logging(name: str, *, stream: TextIO | None = None) -> None:
    """Write the log records of this process to a stream, one line each.

    In lines of text, a process below a supervisor, at any depth, leaves out time and name. Lines of
    JSON are complete, and include Python's warnings and the traceback of an error that ends the
    process.

    Parameters
    ----------
    name : str
        The process's name.
    stream : text stream, optional
        Standard error by default.

    Raises
    ------
    UsageError
        If ``TICKFIRE_LOG`` names no level, or ``TICKFIRE_LOG_FORMAT`` no format.
    """
    stream = stream or sys.stderr
    level = level_of(os.environ)
    handler = logging.StreamHandler(stream)
    if is_json(os.environ):
        handler.setFormatter(JsonFormatter(name))
        logging.captureWarnings(True)
        sys.excepthook = _log_uncaught
    else:
        colour = stream.isatty() and "NO_COLOR" not in os.environ
        bare = SUPERVISED_VARIABLE in os.environ
        handler.setFormatter(LineFormatter(name, colour=colour, bare=bare))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for noisy in _QUIET_LOGGERS:
        logging.getLogger(noisy).setLevel(max(root.level, logging.WARNING))


def number_worker(number: int) -> None:
    """Give the number of this worker to all lines of JSON that are written from now on."""
    for handler in logging.getLogger().handlers:
        if isinstance(handler.formatter, JsonFormatter):
            handler.formatter.worker = number


def _log_uncaught(
    kind: type[BaseException], error: BaseException, traceback: TracebackType | None
) -> None:
    logging.getLogger("tickfire.server").critical(
        "an error ended the process", exc_info=(kind, error, traceback)
    )
