"""The three engines of a kernel behind one interface: arrays in, the same arrays changed."""

from __future__ import annotations

import ctypes
import functools
import math
from collections.abc import Callable, Sequence
from types import FunctionType
from typing import Any, cast

import numpy as np
import wasmtime
from numpy.typing import NDArray

from tickfire.kernels import native
from tickfire.kernels.build import MODULE_NAME, PACKAGE, build_module
from tickfire.kernels.families import kernels
from tickfire.kernels.portable import Signature, signature_of

type Array = NDArray[Any]
type Arguments = list[Any]
"""Per parameter of a kernel: a float64 or int64 array, a float or an int."""

PAGE_BYTES = 65_536
FIRST_FREE = 1_024
FENCE = -0x0123_4567_89AB_CDEF


@functools.cache
def wasm_bytes() -> bytes:
    """Return kernels.wasm as `make wasm` built it, or as built now if a source is newer."""
    built = PACKAGE / MODULE_NAME
    newest = max(path.stat().st_mtime for path in PACKAGE.rglob("*.py"))
    if built.exists() and built.stat().st_mtime > newest:
        return built.read_bytes()
    return fresh_wasm_bytes()


@functools.cache
def fresh_wasm_bytes() -> bytes:
    """Return kernels.wasm as the source yields it now, which takes half a minute."""
    every = kernels()
    return build_module([every[name] for name in sorted(every)])


def run_plain(function: FunctionType, arguments: Arguments) -> int:
    """Run a kernel as plain Python over lists."""
    given = [a.tolist() if isinstance(a, np.ndarray) else a for a in arguments]
    result = function(*given)
    for array, changed in zip(arguments, given, strict=True):
        if isinstance(array, np.ndarray):
            array[:] = changed
    return cast(int, result)


def run_native(function: FunctionType, arguments: Arguments) -> int:
    """Run a kernel as numba compiled it."""
    kernel = getattr(native, function.__name__)
    return int(kernel.raw(*arguments))


class Wasm:
    """A module of kernels in an instance of its own, whose memory is fenced around each array."""

    def __init__(self, module: bytes, pages: int = 256) -> None:
        engine = wasmtime.Engine()
        self._store = wasmtime.Store(engine)
        compiled = wasmtime.Module(engine, module)
        limits = wasmtime.Limits(pages, None)
        memory = wasmtime.Memory(self._store, wasmtime.MemoryType(limits))
        assert [i.name for i in compiled.imports] == ["memory"]
        self._exports = wasmtime.Instance(self._store, compiled, [memory]).exports(self._store)
        start = ctypes.addressof(memory.data_ptr(self._store).contents)
        block = (ctypes.c_int64 * (pages * PAGE_BYTES // 8)).from_address(start)
        self._words: NDArray[np.int64] = np.ctypeslib.as_array(block)
        self._memory = memory  # it must outlive the view

    def __call__(self, function: FunctionType, arguments: Arguments) -> int:
        """Run a kernel over copies of the arrays in the memory."""
        return self.call(signature_of(function).name, arguments)

    def call(self, name: str, arguments: Sequence[Any]) -> int:
        """Run an export."""
        at = FIRST_FREE
        faces: list[Any] = []
        placed: list[tuple[Array, int]] = []
        for argument in arguments:
            if not isinstance(argument, np.ndarray):
                faces.append(argument)
                continue
            self._words[at] = FENCE
            at += 1
            self._words[at : at + len(argument)] = argument.view(np.int64)
            faces += [at * 8, len(argument)]
            placed.append((argument, at))
            at += len(argument)
        self._words[at] = FENCE
        export = cast(Callable[..., int], self._exports[name])
        result = export(self._store, *faces)
        for array, where in placed:
            assert self._words[where - 1] == FENCE, f"{name} wrote before an array"
            array[:] = self._words[where : where + len(array)].view(array.dtype)
        assert self._words[at] == FENCE, f"{name} wrote after an array"
        return result


@functools.cache
def wasm() -> Wasm:
    """Return the kernels in an instance that all tests share."""
    return Wasm(wasm_bytes())


def all_engines() -> dict[str, Callable[[FunctionType, Arguments], int]]:
    """Return the machines by name."""
    return {"plain": run_plain, "native": run_native, "wasm": wasm()}


def copied(arguments: Arguments) -> Arguments:
    """Return arguments whose arrays are copies."""
    return [a.copy() if isinstance(a, np.ndarray) else a for a in arguments]


def same_bits(a: Array, b: Array) -> bool:
    """Return whether two arrays are equal bit for bit; any NaN is equal to any other."""
    if a.dtype == np.float64:
        both_nan = np.isnan(a) & np.isnan(b)
        return bool(np.all(both_nan | (a.view(np.int64) == b.view(np.int64))))
    return bool(np.array_equal(a, b))


def difference(signature: Signature, a: Arguments, b: Arguments) -> str | None:
    """Say where two sets of arguments differ, or None."""
    for parameter, x, y in zip(signature.parameters, a, b, strict=True):
        if isinstance(x, np.ndarray) and not same_bits(x, y):
            at = next(i for i in range(len(x)) if not same_bits(x[i : i + 1], y[i : i + 1]))
            return f"{parameter.name}[{at}]: {x[at]!r} and {y[at]!r}"
        if isinstance(x, float) and x != y and not (math.isnan(x) and math.isnan(y)):
            return parameter.name
    return None
