"""Registry of the modules that define the kernels of this package."""

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
    """Return every kernel by name, including the functions that count words of state."""
    return {
        function.__name__: function
        for module in families()
        for function in portable_functions(module)
    }
