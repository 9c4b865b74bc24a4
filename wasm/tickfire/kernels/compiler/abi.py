"""Calling convention of the exported kernels: numbers only.

An array is passed as its address and its length, both i32; an int as an i32, widened to 64 bits;
a Long as an i64; a float as an f64. The result is an i32. Arrays must be contiguous, aligned to
8 bytes, and must not overlap.
"""

from __future__ import annotations

from typing import Any, Final

from llvmlite import ir
from numba.core import types as _types
from numba.np import arrayobj as _arrayobj

from tickfire.kernels.portable import Kind, Signature

types: Any = _types  # numba is not typed
arrayobj: Any = _arrayobj

MAY_RAISE: Final = "may_raise."
"""Prefix of the function that a wrapper calls if its kernel raises.

A call that survives optimisation means that the kernel may raise, which is an error.
"""

I32: Final = ir.IntType(32)
I64: Final = ir.IntType(64)
F64: Final = ir.DoubleType()
WORD_BYTES: Final = 8


def numba_types(signature: Signature) -> tuple[Any, ...]:
    """Return the numba types of a kernel's parameters."""
    return tuple(_numba_type(p.kind) for p in signature.parameters)


def _numba_type(kind: Kind) -> Any:
    if kind.is_array:
        return types.Array(types.int64 if kind.is_long else types.float64, 1, "C")
    return types.float64 if kind is Kind.FLOAT else types.int64


def add_wrapper(context: Any, library: Any, signature: Signature, fndesc: Any) -> None:
    """Add the exported function of a compiled kernel to a library."""
    module = library.create_ir_module(f"wrapper.{signature.name}")
    convention = context.call_conv
    inner = ir.Function(
        module,
        convention.get_function_type(fndesc.restype, fndesc.argtypes),
        fndesc.llvm_func_name,
    )
    faces = [face for p in signature.parameters for face in _faces(p.kind)]
    outer = ir.Function(module, ir.FunctionType(I32, faces), signature.name)
    builder = ir.IRBuilder(outer.append_basic_block())
    given = iter(outer.args)
    arguments = [
        _argument(context, builder, p.kind, numba_type, given)
        for p, numba_type in zip(signature.parameters, fndesc.argtypes, strict=True)
    ]
    status, result = convention.call_function(
        builder, inner, fndesc.restype, fndesc.argtypes, arguments
    )
    with builder.if_then(status.is_error, likely=False):
        # LLVM removes this branch if it can prove that the kernel never raises.
        raised = ir.Function(module, ir.FunctionType(ir.VoidType(), []), MAY_RAISE + signature.name)
        builder.call(raised, [])
        builder.unreachable()
    builder.ret(builder.trunc(result, I32))
    library.add_ir_module(module)


def _faces(kind: Kind) -> list[ir.Type]:
    if kind.is_array:
        return [I64.as_pointer() if kind.is_long else F64.as_pointer(), I32]
    return [{Kind.FLOAT: F64, Kind.INT: I32, Kind.LONG: I64}[kind]]


def _argument(context: Any, builder: Any, kind: Kind, numba_type: Any, given: Any) -> Any:
    value = next(given)
    if kind is Kind.INT:
        return builder.sext(value, I64)
    if not kind.is_array:
        return value
    array = context.make_array(numba_type)(context, builder)
    arrayobj.populate_array(
        array,
        data=value,
        shape=[builder.sext(next(given), I64)],
        strides=[I64(WORD_BYTES)],
        itemsize=I64(WORD_BYTES),
        meminfo=None,
    )
    return array._getvalue()
