"""Logging of the commands: one line per record, with the time, the process's name and the text.

A supervised process writes the text alone; its supervisor adds time and name to each line.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Mapping
from datetime import datetime
from typing import Final, TextIO

from tickfire.base.errors import UsageError
from tickfire.base.printable import printable
from tickfire.server.lifeline import SUPERVISED_VARIABLE

LEVEL_VARIABLE: Final = "TICKFIRE_LOG"
LEVELS: Final = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
}
NAME_WIDTH: Final = 8
MAX_MESSAGE: Final = 2_000
"""Characters of a message that are written; a supervisor has a limit of its own for what it
relays."""
MAX_TRACEBACK_LINES: Final = 200
SOURCE_ATTRIBUTE: Final = "source"
"""Attribute of a log record with the name of the process that wrote it, if not this one."""

_RESET: Final = "\x1b[0m"
_DIM: Final = "\x1b[2m"
_NAME_COLOURS: Final = ("\x1b[36m", "\x1b[35m", "\x1b[34m", "\x1b[32m", "\x1b[96m", "\x1b[95m")
_WORD_COLOURS: Final = {"warning:": "\x1b[33m", "error:": "\x1b[31m", "tickfire:": "\x1b[31m"}
_QUIET_LOGGERS: Final = ("httpx", "httpcore", "numba", "asyncio")


class LineFormatter(logging.Formatter):
    """Formatter of lines such as ``12:34:56.789 ingest   text``.

    Texts of clients and gateways may be part of a message, so it is cut, and what a terminal would
    act on is escaped.

    Parameters
    ----------
    name : str
        The process's name, for records without `SOURCE_ATTRIBUTE`.
    colour : bool
        True to colour names, warnings and errors with ANSI codes.
    bare : bool
        True to leave out time and name, which the supervisor adds.
    """

    def __init__(self, name: str, *, colour: bool = False, bare: bool = False) -> None:
        super().__init__()
        self._name = name
        self._colour = colour
        self._bare = bare

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as one line, followed by the lines of its traceback, if any."""
        relayed = hasattr(record, SOURCE_ATTRIBUTE)
        message = printable(record.getMessage(), None if relayed else MAX_MESSAGE)
        text = _with_level(record.levelno, message)
        if record.exc_info:
            text = "\n".join((text, *_lines(self.formatException(record.exc_info))))
        if self._bare:
            return text
        name = str(getattr(record, SOURCE_ATTRIBUTE, self._name))
        time = datetime.fromtimestamp(record.created).strftime("%H:%M:%S.%f")[:-3]
        if not self._colour:
            return f"{time} {name:<{NAME_WIDTH}} {text}"
        tint = _NAME_COLOURS[sum(name.encode()) % len(_NAME_COLOURS)]
        return f"{_DIM}{time}{_RESET} {tint}{name:<{NAME_WIDTH}}{_RESET} {_paint(text)}"


def _lines(traceback: str) -> list[str]:
    """Return the lines of a traceback, of a long one the last, each bounded like a message."""
    return [printable(line, MAX_MESSAGE) for line in traceback.split("\n")[-MAX_TRACEBACK_LINES:]]


def _with_level(level: int, text: str) -> str:
    if level >= logging.ERROR:
        return f"error: {text}"
    if level >= logging.WARNING:
        return f"warning: {text}"
    return f"debug: {text}" if level < logging.INFO else text


def _paint(text: str) -> str:
    word = text.split(" ", 1)[0]
    colour = _WORD_COLOURS.get(word)
    return text if colour is None else f"{colour}{word}{_RESET}{text[len(word) :]}"


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


def set_up_logging(name: str, *, stream: TextIO | None = None) -> None:
    """Write the log records of this process to a stream, one line each.

    A process below a supervisor, at any depth, leaves out time and name.

    Parameters
    ----------
    name : str
        The process's name.
    stream : text stream, optional
        Standard error by default.

    Raises
    ------
    UsageError
        If ``TICKFIRE_LOG`` names no level.
    """
    stream = stream or sys.stderr
    colour = stream.isatty() and "NO_COLOR" not in os.environ
    bare = SUPERVISED_VARIABLE in os.environ
    handler = logging.StreamHandler(stream)
    handler.setFormatter(LineFormatter(name, colour=colour, bare=bare))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level_of(os.environ))
    for noisy in _QUIET_LOGGERS:
        logging.getLogger(noisy).setLevel(max(root.level, logging.WARNING))
