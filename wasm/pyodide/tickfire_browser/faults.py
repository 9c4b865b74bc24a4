"""Description of errors in a user's code by the lines of that code."""

from __future__ import annotations

from types import TracebackType
from typing import Any, Final

__all__ = ["CONSOLE", "INDICATOR", "ResultError", "describe"]

INDICATOR: Final = "<indicator>"
CONSOLE: Final = "<console>"
"""File names of the editor's and the console's code."""

MAX_FRAMES: Final = 12
"""Lines of a traceback that are shown; endless recursion has thousands."""


class ResultError(Exception):
    """The result of an indicator cannot be drawn; the message says why and what to do."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.line = line


def describe(error: BaseException, filename: str) -> dict[str, Any]:
    """Return the parts of an error that are shown to the user.

    Parameters
    ----------
    error : BaseException
        The error.
    filename : str
        `INDICATOR` or `CONSOLE`; only frames of this file are shown.

    Returns
    -------
    dict
        ``type`` and ``message``; ``line``, from 1, or None; ``trace``, one text per frame of the
        user's; ``interrupted``, whether the code was stopped from outside.
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
        return "(the error has no readable text)"


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
