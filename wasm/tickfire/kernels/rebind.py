"""Take kernels from plain Python to a machine: copies whose helpers are compiled too.

A kernel calls helpers by their global names. To compile it, it is copied with globals of its own
in which every plain function has been compiled the same way; the source stays untouched, so one
kernel can be plain Python, native and WebAssembly in one process.
"""

from __future__ import annotations

import builtins
from collections.abc import Callable, Iterator
from types import FunctionType
from typing import Any


class Rebinder:
    """Compile helpers once each, and give copies of kernels that call them.

    Parameters
    ----------
    compile_helper : callable
        Takes a function all of whose helpers are compiled, returns what callers are to call.
    """

    def __init__(self, compile_helper: Callable[[FunctionType], Any]) -> None:
        self._compile = compile_helper
        self._helpers: dict[FunctionType, Any] = {}

    def copy(self, function: FunctionType) -> FunctionType:
        """Return a copy of a function that calls compiled helpers."""
        own: dict[str, Any] = {"__builtins__": builtins, "__name__": function.__module__}
        for name in function.__code__.co_names:
            if name in function.__globals__:
                value = function.__globals__[name]
                own[name] = self._helper(value) if isinstance(value, FunctionType) else value
        copied = FunctionType(function.__code__, own, function.__name__, function.__defaults__)
        copied.__module__ = function.__module__
        copied.__qualname__ = function.__qualname__
        copied.__doc__ = function.__doc__
        return copied

    def _helper(self, function: FunctionType) -> Any:
        if function not in self._helpers:
            self._helpers[function] = self._compile(self.copy(function))
        return self._helpers[function]


def helpers_of(function: FunctionType) -> Iterator[FunctionType]:
    """Return a function and all that it calls, each once, the called ones first."""
    yield from _walk(function, set())


def _walk(function: FunctionType, visited: set[FunctionType]) -> Iterator[FunctionType]:
    if function in visited:
        return
    visited.add(function)
    for name in function.__code__.co_names:
        value = function.__globals__.get(name)
        if isinstance(value, FunctionType):
            yield from _walk(value, visited)
    yield function
