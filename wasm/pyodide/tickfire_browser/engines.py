"""Engines that run kernels: kernels.wasm in a browser, plain Python elsewhere."""

from __future__ import annotations

import ctypes
import importlib
import sys
from array import array
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final, Protocol

__all__ = ["Engine", "Plain", "Wasm", "engine"]

MODULE: Final = Path(__file__).with_name("kernels.wasm")

SCALARS: Final[dict[str, Any]] = {
    "int": ctypes.c_int32,
    "float": ctypes.c_double,
    "long": ctypes.c_int64,
}


class Engine(Protocol):
    """Engine that runs kernels."""

    def run(self, name: str, roles: Sequence[str], arguments: Sequence[Any]) -> int:
        """Run a kernel over arrays of float64 and int64, floats and integers; return its count."""


@cache
def engine() -> Engine:
    """Return the fastest engine available here."""
    return Wasm(MODULE) if sys.platform == "emscripten" else Plain()


class Wasm:
    """Engine that runs kernels.wasm in this Python's memory; arrays are passed by address.

    Parameters
    ----------
    path : Path
        The module, in this Python's file system.
    """

    def __init__(self, path: Path) -> None:
        self._library = ctypes.CDLL(str(path))
        self._functions: dict[str, Callable[..., int]] = {}

    def run(self, name: str, roles: Sequence[str], arguments: Sequence[Any]) -> int:
        """Run a kernel; see `Engine`."""
        function = self._functions.get(name) or self._bind(name, roles)
        faces: list[Any] = []
        for argument in arguments:
            if isinstance(argument, array):
                faces += argument.buffer_info()
            else:
                faces.append(argument)
        return function(*faces)

    def _bind(self, name: str, roles: Sequence[str]) -> Callable[..., int]:
        function: Any = self._library[name]
        function.restype = ctypes.c_int32
        function.argtypes = [face for role in roles for face in _faces(role)]
        self._functions[name] = function
        bound: Callable[..., int] = function
        return bound


def _faces(role: str) -> list[Any]:
    return [SCALARS[role]] if role in SCALARS else [ctypes.c_void_p, ctypes.c_int32]


class Plain:
    """Engine that runs the kernels' source as plain Python."""

    def __init__(self) -> None:
        plain: Any = importlib.import_module(".plain.families", __package__)
        self._functions: dict[str, Callable[..., int]] = plain.kernels()

    def run(self, name: str, roles: Sequence[str], arguments: Sequence[Any]) -> int:
        """Run a kernel; see `Engine`."""
        return self._functions[name](*arguments)
