"""Session of a user's Python: driven by the page, answering with plain dictionaries.

Exceptions in the user's code are returned as an ``error`` that `faults` describes; none escapes.
"""

from __future__ import annotations

import time
from array import array
from collections.abc import Callable
from typing import Any, Protocol

from .bars import Bars
from .console import Console
from .faults import CONSOLE, INDICATOR, describe
from .indicator import Indicator, compiled
from .kernel import Kernel
from .series import Series

__all__ = ["Session"]


class Buffer(Protocol):
    """Typed array of the page, as Python sees it."""

    def to_bytes(self) -> bytes:
        """Return a copy of its bytes."""


class Session:
    """Latest bars, indicator and console of one user.

    Parameters
    ----------
    names : dict
        Initial names of the console.
    """

    def __init__(self, names: dict[str, Any]) -> None:
        self._bars = Bars(
            array("q"), Series("d"), Series("d"), Series("d"), Series("d"), Series("d")
        )
        self._given = dict(names)
        self._indicator: Indicator | None = None
        self._console = Console(dict(names) | {"__name__": "console", "bars": self._bars})

    def set_bars(self, symbol: str, interval: str, time: Buffer, *columns: Buffer) -> None:
        """Set the bars: time as int64 ns; open, high, low, close and volume as float64."""
        open, high, low, close, volume = (Series("d", column.to_bytes()) for column in columns)
        starts = array("q", time.to_bytes())
        self._bars = Bars(starts, open, high, low, close, volume, symbol, interval)
        self._console.names["bars"] = self._bars

    def check(self, source: str) -> dict[str, Any]:
        """Compile the source without running it; return the ``error`` of its syntax, if any."""

        def run() -> dict[str, Any]:
            compiled(source)
            return {}

        return _guarded(run, INDICATOR)

    def catalogue(self) -> dict[str, Any]:
        """Return the names that code can use, to offer them while typing.

        ``kernels``: the name and description of each; ``bars``: the attributes of bars.
        """
        kernels = [value for value in self._given.values() if isinstance(value, Kernel)]
        return {
            "kernels": [[each.name, each.__doc__ or ""] for each in kernels],
            "bars": list(Bars.__slots__),
        }

    def define(self, source: str) -> dict[str, Any]:
        """Set the source of the indicator and compute it; see `compute`.

        After an error the indicator stays what it was.
        """

        def run() -> dict[str, Any]:
            made = Indicator(source)
            series = made.compute(self._bars)
            self._indicator = made
            names = {n: v for n, v in made.names.items() if not n.startswith("__")}
            self._console.names.update(names)
            return {"series": series, "pane": made.pane}

        return _guarded(run, INDICATOR)

    def compute(self) -> dict[str, Any]:
        """Compute the series; return ``series`` by name and ``pane``, or ``error``, and ``ms``."""

        def run() -> dict[str, Any]:
            made = self._indicator
            if made is None:
                return {"series": {}, "pane": None}
            return {"series": made.compute(self._bars), "pane": made.pane}

        return _guarded(run, INDICATOR)

    def push(self, line: str) -> dict[str, Any]:
        """Run a line in the console; return ``more``, whether it needs more lines, or ``error``."""
        return _guarded(lambda: {"more": self._console.push(line)}, CONSOLE)

    def clear(self) -> None:
        """Drop the unfinished block of the console."""
        self._console.clear()


def _guarded(run: Callable[[], dict[str, Any]], filename: str) -> dict[str, Any]:
    began = time.perf_counter()
    outcome: dict[str, Any]
    try:
        outcome = run()
    except BaseException as error:  # the user's code may raise anything
        outcome = {"error": describe(error, filename)}
    return outcome | {"ms": 1e3 * (time.perf_counter() - began)}
