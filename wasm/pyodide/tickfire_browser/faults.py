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
MAX_MESSAGE: Final = 1000
"""Characters of a message that are shown."""

UNREADABLE: Final = "(the error has no readable text)"


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
        ``type`` and ``message``; ``line``, from 1, or None; ``span``, the columns in that line as
        UTF-16 code units from 0, or None; ``trace``, one text per frame of the user's;
        ``interrupted``, whether the code was stopped from outside.
    """
    if isinstance(error, ResultError):
        return _fault("Result", str(error), error.line, [])
    if isinstance(error, SyntaxError) and error.filename == filename:
        shown = _fault(type(error).__name__, error.msg or "", error.lineno, [])
        return shown | {"span": _span(error)}
    frames = _frames(error.__traceback__, filename)
    line = frames[-1][0] if frames else None
    calls = [f"line {at}, in {name}" for at, name in frames]
    if isinstance(error, RecursionError) or _is_parser_overflow(error):
        calls = list(dict.fromkeys(calls))  # the same few, a thousand times
    trace = calls[-MAX_FRAMES:]
    if isinstance(error, KeyboardInterrupt):
        return _fault("Stopped", "stopped before it was done", line, trace) | {"interrupted": True}
    return _fault(type(error).__name__, _message(error), line, trace)


def _is_parser_overflow(error: BaseException) -> bool:
    """Return whether the parser ran out of stack, as in ``eval`` that calls itself."""
    return isinstance(error, MemoryError) and "Parser stack overflowed" in _text(error)


def _message(error: BaseException) -> str:
    """Return the sentence for a kind of error, or else the error's own text."""
    match error:
        case SystemExit():
            return "there is nothing to exit here"
        case RecursionError():
            return f"the function calls itself too deeply (RecursionError: {_text(error)})"
        case MemoryError() if _is_parser_overflow(error):
            return f"calls or source code are nested too deeply (MemoryError: {_text(error)})"
        case MemoryError():
            return _text(error) or "there is not enough memory for this"
        case EOFError() if "reading a line" in _text(error):
            return "nobody can answer input() here: set a variable instead"
    return _text(error)


def _text(error: BaseException) -> str:
    try:
        text = str(error)
    except Exception:
        return UNREADABLE
    text = text.encode("utf-8", "backslashreplace").decode()
    return text if len(text) <= MAX_MESSAGE else f"{text[:MAX_MESSAGE]}…"


def _span(error: SyntaxError) -> list[int] | None:
    """Return the columns of a syntax error; an error that spans lines ends with its first."""
    if error.text is None or not error.offset or error.offset < 1:
        return None
    text = error.text.rstrip("\r\n")
    start = error.offset - 1
    one_line = error.end_lineno == error.lineno and error.end_offset
    end = error.end_offset - 1 if one_line and error.end_offset else len(text)
    return [_units(text[:start]), _units(text[: max(end, start + 1)])]


def _units(text: str) -> int:
    """Return the length of a text in UTF-16 code units, in which editors count."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _fault(kind: str, message: str, line: int | None, trace: list[str]) -> dict[str, Any]:
    shown = {"type": kind, "message": message, "line": line, "span": None, "trace": trace}
    return shown | {"interrupted": False}


def _frames(traceback: TracebackType | None, filename: str) -> list[tuple[int, str]]:
    found: list[tuple[int, str]] = []
    while traceback is not None:
        code = traceback.tb_frame.f_code
        if code.co_filename == filename:
            found.append((traceback.tb_lineno, code.co_qualname))
        traceback = traceback.tb_next
    return found
