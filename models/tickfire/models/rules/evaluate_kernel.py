"""Stack machine that evaluates rules.

A truth value is 1.0, 0.0 or NaN (unknown). Logic is Kleene's three-valued logic: ``a or b`` holds
where ``a`` does even if ``b`` is unknown, and a rule never fires on unknown values.

Programs come from `tickfire.models.rules.parse` alone, which ensures that the stack never holds
more than `MAX_STACK` values, and that no instruction takes a value from an empty stack.
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
    """Return one instruction; the operand is the index of the constant or feature to load."""
    return operation | operand << _OPERAND_BITS


def relocated(code: NDArray[np.int64], columns: Sequence[int]) -> NDArray[np.int64]:
    """Return a copy of a program that loads its features from other columns."""
    moved = []
    for instruction in code.tolist():
        operation, operand = instruction & 0xFF, instruction >> _OPERAND_BITS
        loads = operation in (NOW, BEFORE)
        moved.append(word(operation, columns[operand]) if loads else instruction)
    return np.array(moved, np.int64)


@helper
def both(op: Any, a: Any, b: Any) -> Any:
    """Return the result of an operation on two operands."""
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


# It stays in one piece: its body is the dispatch of the machine, one branch an instruction.
@kernel("float64(int64, int64, int64, int64, int64)")
def evaluate(code: Any, count: Any, constants: Any, now: Any, before: Any) -> Any:
    """Run a program on the features of a bar and of the bar before; return its result."""
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
