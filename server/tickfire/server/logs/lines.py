"""`LineFormatter`: log records as lines of text for people."""

from __future__ import annotations

import logging
from typing import Final

from tickfire.server.logs.records import SOURCE_ATTRIBUTE, message_of, time_of, traceback_of

NAME_WIDTH: Final = 8

_RESET: Final = "\x1b[0m"
_DIM: Final = "\x1b[2m"
_NAME_COLOURS: Final = ("\x1b[36m", "\x1b[35m", "\x1b[34m", "\x1b[32m", "\x1b[96m", "\x1b[95m")
_WORD_COLOURS: Final = {"warning:": "\x1b[33m", "error:": "\x1b[31m", "tickfire:": "\x1b[31m"}


class LineFormatter(logging.Formatter):
    """Formatter of lines such as ``2026-11-27 12:34:56.789+01:00 ingest   text``.

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
        text = "\n".join((_with_level(record.levelno, message_of(record)), *traceback_of(record)))
        if self._bare:
            return text
        name = str(getattr(record, SOURCE_ATTRIBUTE, self._name))
        time = time_of(record, " ")
        if not self._colour:
            return f"{time} {name:<{NAME_WIDTH}} {text}"
        tint = _NAME_COLOURS[sum(name.encode()) % len(_NAME_COLOURS)]
        return f"{_DIM}{time}{_RESET} {tint}{name:<{NAME_WIDTH}}{_RESET} {_paint(text)}"


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
