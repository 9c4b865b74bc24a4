"""State of a process that commands set for good, which tests in the same process must not meet."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

PYTEST: Final = "PYTEST_CURRENT_TEST"
"""Variable that pytest sets and removes by itself."""


@contextmanager
def environment_restored() -> Iterator[None]:
    """Restore all environment variables in the end."""
    before = dict(os.environ)
    try:
        yield
    finally:
        for name in {*before, *os.environ} - {PYTEST}:
            value = before.get(name)
            if value is None:
                del os.environ[name]
            elif os.environ.get(name) != value:
                os.environ[name] = value


@contextmanager
def logging_restored() -> Iterator[None]:
    """Restore all levels, handlers and hooks of the log in the end."""
    before = {logger: _state(logger) for logger in _loggers()}
    hook = sys.excepthook
    try:
        yield
    finally:
        new = logging.NOTSET, True, False, ()
        for logger in _loggers():
            state = before.get(logger, new)
            if _state(logger) != state:
                level, logger.propagate, logger.disabled, handlers = state
                logger.handlers[:] = handlers
                logger.setLevel(level)
        logging.captureWarnings(False)
        sys.excepthook = hook


def _loggers() -> list[logging.Logger]:
    known = logging.root.manager.loggerDict.values()
    return [logging.root, *(each for each in known if isinstance(each, logging.Logger))]


def _state(logger: logging.Logger) -> tuple[int, bool, bool, tuple[logging.Handler, ...]]:
    return logger.level, logger.propagate, logger.disabled, tuple(logger.handlers)
