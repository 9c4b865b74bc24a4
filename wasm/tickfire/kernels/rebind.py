"""Copies of kernels whose helpers are compiled.

A kernel calls helpers by their global names. To compile it, it is copied with its own globals, in
which every plain function is replaced by its compiled form. The original is unchanged, so a kernel
can be plain Python, machine code and WebAssembly in one process.
"""

from __future__ import annotations

import builtins
from collections.abc import Callable, Iterator
from types import FunctionType
from typing import Any


class Rebinder:
    """Factory of copies of kernels that call compiled helpers, each compiled once.

    Parameters
    ----------
    compile_helper : callable
        Takes a function whose own helpers are compiled; returns its compiled form.
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
    """Yield a function and all functions that it calls, each once, callees first."""
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
