"""Kernels as machine code, compiled by numba once and then loaded from the cache.

Every kernel of this package is an attribute, compiled or loaded on first access::

    from tickfire.kernels import native

    mean = native.sma(close, 20)                       # float64[n]
    middle, upper, lower = native.bollinger(close, 20, 2.0)
    live = native.ema.start(period=12)                 # keeps its state
    value = live.push(new_closes)                      # float64[k]
    value = live.peek(running_close)                   # as push, without changing the state

``native.compile_native(function)`` compiles a kernel of your own.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Mapping
from functools import cache
from types import FunctionType
from typing import Any, Final

import numba
import numpy as np
from numpy.typing import NDArray

from tickfire.kernels.families import kernels
from tickfire.kernels.jit import CALLED_BY_KERNELS
from tickfire.kernels.jit import kernel as cached
from tickfire.kernels.portable import (
    WRONG_LENGTH,
    Kind,
    Parameter,
    Signature,
    signature_of,
    words_function,
)
from tickfire.kernels.rebind import Rebinder

__all__ = ["NativeKernel", "Running", "compile_native"]

type Array = NDArray[Any]

INT32: Final = range(-(2**31), 2**31)
INT64: Final = range(-(2**63), 2**63)


def __getattr__(name: str) -> NativeKernel:
    if name.startswith("_"):
        raise AttributeError(name)
    return _named(name)


@cache
def _named(name: str) -> NativeKernel:
    function = kernels().get(name)
    if function is None:
        raise AttributeError(f"there is no kernel {name}; see tickfire.kernels.families")
    return compile_native(function)


def compile_native(function: Callable[..., int]) -> NativeKernel:
    """Compile a portable kernel, or load it from the cache.

    Raises
    ------
    PortableError
        If its signature is not that of a portable kernel.
    """
    assert isinstance(function, FunctionType)
    signature = signature_of(function)
    words = words_function(function) if signature.of(Kind.STATE) else None
    copy = _rebinder().copy(function)
    compiled = cached(_numba_signature(signature), error_model="numpy")(copy)
    return NativeKernel(signature, compiled, words)


@cache
def _rebinder() -> Rebinder:
    """Return the rebinder that all kernels share, so that each helper is compiled once."""
    return Rebinder(numba.njit(forceinline=True, error_model="numpy", **CALLED_BY_KERNELS))


class NativeKernel:
    """Compiled kernel.

    Attributes
    ----------
    signature : Signature
        Name and parameters of the kernel.
    raw : callable
        The compiled function itself, for other numba code and for callers that manage their own
        memory. It takes every parameter, with arrays as contiguous float64 or int64 arrays that
        do not overlap, and returns the kernel's int.
    """

    def __init__(
        self, signature: Signature, raw: Callable[..., int], words: FunctionType | None
    ) -> None:
        self.signature = signature
        self.raw = raw
        self._words = words
        outs = signature.of(Kind.OUT, Kind.LONG_OUT)
        tuple_type: Any = (
            namedtuple(signature.name, [p.name for p in outs]) if len(outs) > 1 else None
        )
        self._result = tuple_type._make if tuple_type else lambda made: made[0]
        self._has_result = bool(outs)

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        """Compute from a fresh state.

        Parameters are those of the kernel without its state and its `Out` arrays, positional or by
        name.

        Returns
        -------
        array, named tuple of arrays, or int
            The `Out` array, all `Out` arrays by name, or, if there is none, the kernel's count.

        Raises
        ------
        ValueError
            If arrays differ in length or an integer is out of range.
        TypeError
            If a parameter is missing, unknown or given twice.
        """
        given = self._bind(arguments, named, lambda p: True)
        return self.run(given, self.fresh_state(given))

    def start(self, **scalars: Any) -> Running:
        """Start an incremental computation with the kernel's scalar parameters."""
        return Running(self, self._bind((), scalars, lambda p: not p.kind.is_array))

    def fresh_state(self, given: Mapping[str, Any]) -> Array:
        """Return a fresh state, float64[words] of zeros, for the given parameters."""
        if self._words is None:
            return np.zeros(0)
        return np.zeros(self._words(*(given[p] for p in self._words.__annotations__ if p in given)))

    def run(self, given: Mapping[str, Any], state: Array) -> Any:
        """Compute from a state and update it; ``given`` holds the other parameters by name."""
        arguments: list[Any] = []
        made: list[Array] = []
        steps = self._steps(given)
        for parameter in self.signature.parameters:
            if parameter.kind is Kind.STATE:
                arguments.append(state)
            elif parameter.kind in (Kind.OUT, Kind.LONG_OUT):
                made.append(np.empty(steps, np.int64 if parameter.kind.is_long else np.float64))
                arguments.append(made[-1])
            else:
                arguments.append(given[parameter.name])
        count = self.raw(*arguments)
        if count == WRONG_LENGTH:
            raise ValueError(f"{self.signature.name}: the arrays differ in length")
        return self._result(made) if self._has_result else count

    def _steps(self, given: Mapping[str, Any]) -> int:
        for parameter in self.signature.of(Kind.IN, Kind.LONG_IN):
            return len(given[parameter.name])
        return 0

    def _bind(
        self,
        arguments: tuple[Any, ...],
        named: Mapping[str, Any],
        wanted: Callable[[Parameter], bool],
    ) -> dict[str, Any]:
        own = (Kind.STATE, Kind.OUT, Kind.LONG_OUT)
        taken = [p for p in self.signature.parameters if p.kind not in own and wanted(p)]
        name = self.signature.name
        if len(arguments) > len(taken):
            raise TypeError(f"{name} takes {', '.join(p.name for p in taken)}")
        given = dict(zip((p.name for p in taken), arguments, strict=False))
        for key, value in named.items():
            if key in given or all(key != p.name for p in taken):
                raise TypeError(f"{name} takes no other {key}")
            given[key] = value
        if missing := [p.name for p in taken if p.name not in given]:
            raise TypeError(f"{name} needs {', '.join(missing)}")
        return {p.name: _converted(name, p, given[p.name]) for p in taken}


class Running:
    """Incremental computation: a kernel with its scalar parameters and its state.

    Attributes
    ----------
    state : float64[words]
        The state, which may be saved and restored; all zeros is a fresh state.
    """

    def __init__(self, kernel: NativeKernel, scalars: dict[str, Any]) -> None:
        self._kernel = kernel
        self._scalars = scalars
        self.state = kernel.fresh_state(scalars)

    def push(self, *arrays: Any) -> Any:
        """Process new elements, arrays or numbers in the kernel's order; return their results."""
        return self._run(arrays, self.state)

    def peek(self, *arrays: Any) -> Any:
        """Return the results of `push` without changing the state, as for a running bar."""
        return self._run(arrays, self.state.copy())

    def _run(self, arrays: tuple[Any, ...], state: Array) -> Any:
        given = self._kernel._bind(arrays, {}, lambda p: p.kind.is_array)
        return self._kernel.run(self._scalars | given, state)


def _converted(kernel: str, parameter: Parameter, value: Any) -> Any:
    kind = parameter.kind
    if kind is Kind.FLOAT:
        return float(value)
    if not kind.is_array:
        number = int(value)
        if number not in (INT64 if kind.is_long else INT32):
            raise ValueError(f"{kernel}: {parameter.name} is {number}, beyond {kind.value}")
        return number
    dtype = np.int64 if kind.is_long else np.float64
    if kind in (Kind.STORE, Kind.LONG_STORE):
        if not isinstance(value, np.ndarray) or value.dtype != dtype:
            raise TypeError(f"{kernel}: {parameter.name} must be an array of {dtype.__name__}")
        return value
    return np.require(np.atleast_1d(value), dtype, ["C", "A", "W"])


def _numba_signature(signature: Signature) -> str:
    def text(kind: Kind) -> str:
        element = (
            "float64" if kind is Kind.FLOAT or (kind.is_array and not kind.is_long) else "int64"
        )
        return element + ("[::1]" if kind.is_array else "")

    return f"int64({', '.join(text(p.kind) for p in signature.parameters)})"
