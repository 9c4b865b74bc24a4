"""Helpers replaced by single WebAssembly instructions.

V8 compiles a choice between two floats to a branch, which is mispredicted on random data. The
vector instructions pmax and pmin compute exactly `larger` and `smaller`, zeros and NaN included,
and are one instruction on x86.
"""

from __future__ import annotations

from types import FunctionType
from typing import Any

from llvmlite import ir
from numba.core import types as _types
from numba.extending import intrinsic

from tickfire.kernels import guard

types: Any = _types  # numba is not typed

F64 = ir.DoubleType()
PAIR = ir.VectorType(F64, 2)
I32 = ir.IntType(32)


def instruction_for(helper: FunctionType) -> Any | None:
    """Return the intrinsic that replaces a helper, or None if there is none."""
    if helper.__module__ != guard.__name__:
        return None
    if helper.__name__ == guard.larger.__name__:
        return _wasm_larger
    if helper.__name__ == guard.smaller.__name__:
        return _wasm_smaller
    return None


def _first_lane(name: str) -> tuple[Any, Any]:
    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        vectors = [
            builder.insert_element(ir.Constant(PAIR, ir.Undefined), a, I32(0)) for a in arguments
        ]
        declared = builder.module.globals.get(name)
        if declared is None:
            declared = ir.Function(builder.module, ir.FunctionType(PAIR, [PAIR, PAIR]), name)
        return builder.extract_element(builder.call(declared, vectors), I32(0))

    return types.float64(types.float64, types.float64), codegen


@intrinsic
def _wasm_larger(typingctx: Any, a: Any, b: Any) -> Any:
    return _first_lane("llvm.wasm.pmax.v2f64")


@intrinsic
def _wasm_smaller(typingctx: Any, a: Any, b: Any) -> Any:
    return _first_lane("llvm.wasm.pmin.v2f64")
