"""User-defined indicator, compiled from source, and its results as series to draw."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Mapping
from types import CodeType
from typing import Any, Final

from .bars import Bars
from .faults import INDICATOR, ResultError
from .series import floats

__all__ = ["Indicator", "compiled"]

FUNCTION: Final = "indicator"
PANE: Final = "PANE"
PANES: Final = ("price", "own")
MAX_SERIES: Final = 12

TOO_NESTED: Final = "an expression is too long or nested too deeply to be compiled"
NOT_TEXT: Final = "there is half a character (a lone surrogate), which is no text"


def compiled(source: str) -> CodeType:
    """Return the code of an indicator's source; a SyntaxError says where it is wrong."""
    try:
        return compile(source, INDICATOR, "exec", dont_inherit=True)
    except SyntaxError as error:
        if error.filename is None:  # null bytes are refused before there is a file
            line = source.partition("\0")[0].count("\n") + 1
            raise SyntaxError(error.msg, (INDICATOR, line, None, None)) from None
        raise
    except (MemoryError, RecursionError):
        raise SyntaxError(TOO_NESTED, (INDICATOR, 1, None, None)) from None
    except UnicodeEncodeError as error:
        line = source[: error.start].count("\n") + 1
        raise SyntaxError(NOT_TEXT, (INDICATOR, line, None, None)) from None


class Indicator:
    """Indicator defined by source code, which is run once.

    Parameters
    ----------
    source : str
        Code that defines ``indicator(bars)``.

    Raises
    ------
    ResultError
        If there is no such function, or ``PANE`` is invalid.
    BaseException
        Any exception of the source.

    Attributes
    ----------
    names : dict
        Names that the source defines.
    pane : str or None
        Pane to draw in: the source's ``PANE``, ``"price"`` or ``"own"``, or None without one.
    """

    def __init__(self, source: str) -> None:
        self.names: dict[str, Any] = {"__name__": FUNCTION}
        exec(compiled(source), self.names)
        function = self.names.get(FUNCTION)
        if not callable(function):
            raise ResultError(f"define a function {FUNCTION}(bars)", 1)
        self.pane: str | None = self.names.get(PANE)
        if self.pane not in (None, *PANES):
            raise ResultError(f"{PANE} must be 'price' or 'own', or be left out", 1)
        self._function: Callable[[Bars], Any] = function
        code = getattr(function, "__code__", None)
        self._line: int = code.co_firstlineno if code is not None else 1

    def compute(self, bars: Bars) -> dict[str, array[float]]:
        """Return the series by name, each float64[len(bars)].

        Raises
        ------
        ResultError
            If the result cannot be drawn.
        BaseException
            Any exception of the function.
        """
        named = self._named(self._function(bars))
        if len(named) > MAX_SERIES:
            raise self._error(f"at most {MAX_SERIES} series can be drawn, not {len(named)}")
        return {str(name): self._series(str(name), named[name], len(bars)) for name in named}

    def _named(self, result: Any) -> Mapping[Any, Any]:
        if result is None:
            raise self._error("it returns None: return a list, an array, or a dict of them")
        if isinstance(result, Mapping):
            return result
        if isinstance(result, tuple) and hasattr(result, "_fields"):
            return dict(zip(result._fields, result, strict=True))
        return {FUNCTION: result}

    def _series(self, name: str, values: Any, count: int) -> array[float]:
        if isinstance(values, int | float):
            values = [values] * count  # a level
        try:
            series = floats(values, name)
        except TypeError as error:
            raise self._error(f"{error}; several series are returned as a dict") from None
        if len(series) != count:
            raise self._error(f"{name} has {len(series)} values for {count} bars: give one per bar")
        return series

    def _error(self, message: str) -> ResultError:
        return ResultError(message, self._line)
