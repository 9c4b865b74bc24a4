"""Parts of a log record that every format has: its time, its message and its traceback.

Texts of clients and gateways may be part of a message, so it is cut, and what a terminal would act
on is escaped.
"""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Final

from tickfire.base.printable import printable

MAX_MESSAGE: Final = 2_000
"""Characters of a message that are written; a supervisor has a limit of its own for the lines that
it relays."""
MAX_TRACEBACK_LINES: Final = 200
SOURCE_ATTRIBUTE: Final = "source"
"""Attribute of a log record with the name of the process that wrote it, if not this one."""
USER_ERROR_PREFIX: Final = "tickfire: "
"""Beginning of the line with which a command ends because of its input."""

_tracebacks = logging.Formatter()


def is_relayed(record: logging.LogRecord) -> bool:
    """Return whether another process wrote the text of a record."""
    return hasattr(record, SOURCE_ATTRIBUTE)


def time_of(record: logging.LogRecord, separator: str) -> str:
    """Return the time of a record as ISO 8601: date, time to the millisecond, and local zone."""
    local = datetime.fromtimestamp(record.created).astimezone()
    return local.isoformat(separator, "milliseconds")


def message_of(record: logging.LogRecord) -> str:
    """Return the message of a record on one line, cut unless it is relayed."""
    return printable(record.getMessage(), None if is_relayed(record) else MAX_MESSAGE)


def traceback_of(record: logging.LogRecord) -> list[str]:
    """Return the lines of a record's traceback, of a long one the last, each cut like a message."""
    if not record.exc_info:
        return []
    lines = _tracebacks.formatException(record.exc_info).split("\n")
    return [printable(line, MAX_MESSAGE) for line in lines[-MAX_TRACEBACK_LINES:]]
