"""Typed pointers from integer addresses, to pass one integer instead of many arrays.

A call with 14 array arguments spends 1.2 us before its first instruction, one with three
integers 0.28 us. Pointers have no bounds checks, so a kernel that takes addresses must validate
every length before it reads.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from llvmlite import ir as _ir
from numba.core import types as _types
from numba.extending import intrinsic as _intrinsic
from numpy.typing import NDArray

types: Any = _types  # neither is typed
ir: Any = _ir
intrinsic = cast(Callable[[Callable[..., Any]], Callable[[Any], Any]], _intrinsic)


def address_of(array: NDArray[Any]) -> int:
    """Return the address of an array's memory, for a kernel; the array must outlive the call.

    It takes half a microsecond, so cache the address of a long-lived array.
    """
    return int(array.ctypes.data)


def _cast(element: Any) -> Any:
    signature = types.CPointer(element)(types.int64)

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.inttoptr(args[0], context.get_value_type(types.CPointer(element)))

    return signature, codegen


@intrinsic
def as_i64(typingctx: Any, address: Any) -> Any:
    """Read the memory at an address as int64[]."""
    return _cast(types.int64)


@intrinsic
def as_f64(typingctx: Any, address: Any) -> Any:
    """Read the memory at an address as float64[]."""
    return _cast(types.float64)


@intrinsic
def as_u32(typingctx: Any, address: Any) -> Any:
    """Read the memory at an address as uint32[]."""
    return _cast(types.uint32)


@intrinsic
def as_u8(typingctx: Any, address: Any) -> Any:
    """Read the memory at an address as uint8[]."""
    return _cast(types.uint8)


@intrinsic
def prefetch(typingctx: Any, address: Any) -> Any:
    """Prefetch the cache line at an address; an invalid address is harmless."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        word = ir.IntType(32)
        pointer = builder.inttoptr(args[0], ir.IntType(8).as_pointer())
        kind = ir.FunctionType(ir.VoidType(), [pointer.type, word, word, word])
        call = builder.module.declare_intrinsic("llvm.prefetch", [pointer.type], kind)
        builder.call(call, [pointer, word(0), word(3), word(1)])  # to read, keep, data
        return context.get_dummy_value()

    return types.none(types.int64), codegen
