"""Errors in a user's code, located in the user's own lines."""

from __future__ import annotations

from types import TracebackType
from typing import Any, Final

__all__ = ["CONSOLE", "INDICATOR", "ResultError", "describe"]

INDICATOR: Final = "<indicator>"
CONSOLE: Final = "<console>"
"""File names of the editor's and the console's code."""

MAX_FRAMES: Final = 12
"""Lines of a traceback that are shown; a recursion without end has thousands."""


class ResultError(Exception):
    """An indicator gave back what cannot be drawn; the message says what and what to do."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.line = line


def describe(error: BaseException, filename: str) -> dict[str, Any]:
    """Return what is shown of an error.

    Parameters
    ----------
    error : BaseException
    filename : str
        `INDICATOR` or `CONSOLE`: only lines of this code are the user's.

    Returns
    -------
    dict
        ``type`` and ``message``, ``line`` (from 1) or None, ``trace``: one text per user's frame,
        and ``interrupted``, whether it was stopped from outside.
    """
    if isinstance(error, ResultError):
        return _fault("Result", str(error), error.line, [])
    if isinstance(error, SyntaxError) and error.filename == filename:
        return _fault(type(error).__name__, error.msg or "", error.lineno, [])
    frames = _frames(error.__traceback__, filename)
    line = frames[-1][0] if frames else None
    trace = [f"line {at}, in {name}" for at, name in frames[-MAX_FRAMES:]]
    if isinstance(error, KeyboardInterrupt):
        return _fault("Stopped", "stopped before it was done", line, trace) | {"interrupted": True}
    return _fault(type(error).__name__, _message(error), line, trace)


def _message(error: BaseException) -> str:
    if isinstance(error, SystemExit):
        return "there is nothing to exit here"
    try:
        return str(error)
    except Exception:
        return "(its text cannot be had)"


def _fault(kind: str, message: str, line: int | None, trace: list[str]) -> dict[str, Any]:
    shown = {"type": kind, "message": message, "line": line, "trace": trace}
    return shown | {"interrupted": False}


def _frames(traceback: TracebackType | None, filename: str) -> list[tuple[int, str]]:
    found: list[tuple[int, str]] = []
    while traceback is not None:
        code = traceback.tb_frame.f_code
        if code.co_filename == filename:
            found.append((traceback.tb_lineno, code.co_qualname))
        traceback = traceback.tb_next
    return found
