"""The stack machine of rules.

A truth is 1.0, 0.0, or NaN: not known. Logic is Kleene's, so that ``a or b`` holds where ``a`` does
even if ``b`` is not known yet, and a rule never fires on what it does not know.

A program comes from `tickfire.models.rules.parse` alone, which sees to it that the stack is never
deeper than `MAX_STACK` nor empty where something is taken.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numba import uint64
from numpy.typing import NDArray

from tickfire.kernels.jit import helper, kernel
from tickfire.kernels.pointers import as_f64, as_i64

MAX_STACK: Final = 32

(
    CONSTANT,
    NOW,
    BEFORE,
    ADD,
    SUBTRACT,
    MULTIPLY,
    DIVIDE,
    NEGATE,
    ABSOLUTE,
    SMALLER,
    LARGER,
    LESS,
    LESS_EQUAL,
    EQUAL,
    AND,
    OR,
    NOT,
) = range(17)
_OPERAND_BITS: Final = 8


def word(operation: int, operand: int = 0) -> int:
    """Return one word of a program: the operand is which constant or feature is loaded."""
    return operation | operand << _OPERAND_BITS


def relocated(code: NDArray[np.int64], places: Sequence[int]) -> NDArray[np.int64]:
    """Return a program whose features lie at other places."""
    moved = []
    for instruction in code.tolist():
        operation, operand = instruction & 0xFF, instruction >> _OPERAND_BITS
        moved.append(
            word(operation, places[operand]) if operation in (NOW, BEFORE) else instruction
        )
    return np.array(moved, np.int64)


@helper
def both(op: Any, a: Any, b: Any) -> Any:
    """Return the result of an operation on two numbers."""
    if op == ADD:
        return a + b
    if op == SUBTRACT:
        return a - b
    if op == MULTIPLY:
        return a * b
    if op == DIVIDE:
        return a / b if b != 0.0 else np.nan
    if op == AND:
        return 0.0 if a == 0.0 or b == 0.0 else a * b
    if op == OR:
        return 1.0 if a == 1.0 or b == 1.0 else a + b
    if a != a or b != b:
        return np.nan
    if op == SMALLER:
        return min(a, b)
    if op == LARGER:
        return max(a, b)
    if op == LESS:
        return 1.0 if a < b else 0.0
    if op == LESS_EQUAL:
        return 1.0 if a <= b else 0.0
    return 1.0 if a == b else 0.0


@kernel("float64(int64, int64, int64, int64, int64)")
def evaluate(code: Any, count: Any, constants: Any, now: Any, before: Any) -> Any:
    """Run a program over the features' values now and one bar before; return the last result."""
    program = as_i64(code)
    c = as_f64(constants)
    current = as_f64(now)
    previous = as_f64(before)
    stack = np.empty(MAX_STACK, np.float64)
    top = uint64(0)
    for i in range(uint64(count)):
        op = program[i] & 0xFF
        at = uint64(program[i]) >> uint64(_OPERAND_BITS)
        if op == CONSTANT:
            stack[top] = c[at]
            top += uint64(1)
        elif op == NOW:
            stack[top] = current[at]
            top += uint64(1)
        elif op == BEFORE:
            stack[top] = previous[at]
            top += uint64(1)
        elif op == NEGATE:
            stack[top - uint64(1)] = -stack[top - uint64(1)]
        elif op == ABSOLUTE:
            stack[top - uint64(1)] = abs(stack[top - uint64(1)])
        elif op == NOT:
            stack[top - uint64(1)] = 1.0 - stack[top - uint64(1)]
        else:
            top -= uint64(1)
            stack[top - uint64(1)] = both(op, stack[top - uint64(1)], stack[top])
    return stack[uint64(0)]
