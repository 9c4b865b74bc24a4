"""The families of kernels: what kernels.wasm and the native face are made of."""

from __future__ import annotations

from types import FunctionType, ModuleType

from tickfire.kernels import (
    aggregate,
    averages,
    bands,
    levels,
    maths,
    oscillators,
    performance,
    ranges,
    rolling,
    trend,
    volume,
)
from tickfire.kernels.portable import portable_functions

__all__ = ["families", "kernels"]


def families() -> tuple[ModuleType, ...]:
    """Return the modules that define kernels."""
    return (
        aggregate,
        averages,
        bands,
        levels,
        maths,
        oscillators,
        performance,
        ranges,
        rolling,
        trend,
        volume,
    )


def kernels() -> dict[str, FunctionType]:
    """Return every kernel by its name, the functions that count words of state included."""
    return {
        function.__name__: function
        for module in families()
        for function in portable_functions(module)
    }
