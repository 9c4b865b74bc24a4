"""`JsonFormatter`: log records as lines of JSON for programs.

A line is an object with ``time``, ``level``, ``logger``, ``message``, ``process`` and ``pid``.
``worker`` is the number of a worker of ``tickfire serve``, and ``exception`` a traceback. Where
they are known, ``connection`` is the number of the connection within its process, ``client`` its
address or the name of its key or user, and ``topic`` that of its channel.
"""

from __future__ import annotations

import json
import logging
import os
from typing import Any, Final

from tickfire.base.printable import printable
from tickfire.server.logs.records import (
    MAX_MESSAGE,
    SOURCE_ATTRIBUTE,
    USER_ERROR_PREFIX,
    is_relayed,
    message_of,
    time_of,
    traceback_of,
)

CONTEXT: Final = ("connection", "client", "topic")
"""Attributes of a record, given as ``extra``, that are written where they are set."""
USER_ERROR_LOGGER: Final = "tickfire"
"""Logger of the record with which a command ends because of its input."""
MAX_EXCEPTION: Final = 10_000
"""Characters of a traceback that are written, the last ones."""
_LEVELS: Final = {
    USER_ERROR_PREFIX.strip(): "error", "error:": "error", "warning:": "warning", "debug:": "debug",
}  # fmt: skip
"""Levels by the word with which a line of text begins."""


class JsonFormatter(logging.Formatter):
    """Formatter of one JSON object a line.

    Parameters
    ----------
    name : str
        The process's name.

    Attributes
    ----------
    worker : int or None
        Number of the worker, if this process is one.
    """

    def __init__(self, name: str) -> None:
        super().__init__()
        self._name = name
        self.worker: int | None = None

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as a line; one that is relayed and is JSON already, as it is."""
        if is_relayed(record):
            said = said_in(record.getMessage())
            return _dumped(said or _relayed(record))
        return _dumped(self._own(record))

    def _own(self, record: logging.LogRecord) -> dict[str, Any]:
        written: dict[str, Any] = {
            "time": time_of(record, "T"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": message_of(record),
            "process": self._name,
            "pid": os.getpid(),
        }
        if self.worker is not None:
            written["worker"] = self.worker
        for name in CONTEXT:
            value = getattr(record, name, None)
            if value is not None:
                written[name] = value if isinstance(value, int) else _cut(value)
        if lines := traceback_of(record):
            written["exception"] = "\n".join(lines)[-MAX_EXCEPTION:]
        return written


def said_in(line: str) -> dict[str, Any] | None:
    """Return the object of a line that `JsonFormatter` wrote, None if it is another one."""
    if not line.startswith('{"time"'):
        return None
    try:
        said: dict[str, Any] = json.loads(line)
    except ValueError:
        return None
    return said if isinstance(said.get("message"), str) else None


def as_text(line: str) -> str:
    """Return a line of `JsonFormatter` as the text that the other format would have; or itself."""
    said = said_in(line)
    if said is None:
        return line
    prefix = USER_ERROR_PREFIX if said.get("logger") == USER_ERROR_LOGGER else ""
    return prefix + str(said["message"])


def _relayed(record: logging.LogRecord) -> dict[str, Any]:
    text = message_of(record)
    return {
        "time": time_of(record, "T"),
        "level": _LEVELS.get(text.split(" ", 1)[0], "info"),
        "logger": record.name,
        "message": text,
        "process": str(getattr(record, SOURCE_ATTRIBUTE)),
    }


def _cut(value: object) -> str:
    return printable(str(value), MAX_MESSAGE)


def _dumped(written: dict[str, Any]) -> str:
    return json.dumps(written, ensure_ascii=False, default=str)
