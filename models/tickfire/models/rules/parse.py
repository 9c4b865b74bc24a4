"""Compiler of rules. It reads Python's grammar, and never executes any of the text.

    rule     = rule "and" rule | rule "or" rule | "not" rule | number < number ... | crosses
    crosses  = crosses_above(number, number) | crosses_below(number, number)
    number   = 1.5 | feature | number + - * / number | - number | abs min max (number ...)
    feature  = rsi | rsi(14) | sma(volume, 20) | close | sentiment | ...

Conditions and numbers are distinct: ``rsi(14) and 3`` is refused, with the place and the reason.
"""

from __future__ import annotations

import ast
import math
import warnings
from collections.abc import Callable
from typing import Final, NoReturn

import numpy as np

from tickfire.models.features.catalogue import COLUMNS, CONTEXT, FEATURES, Feature, FeatureError
from tickfire.models.rules import evaluate_kernel as ek
from tickfire.models.rules.program import Program

MAX_LENGTH: Final = 2_000
"""Maximum length of a rule, in characters."""

_ARITHMETIC: Final = {
    ast.Add: ek.ADD,
    ast.Sub: ek.SUBTRACT,
    ast.Mult: ek.MULTIPLY,
    ast.Div: ek.DIVIDE,
}
_COMPARISONS: Final = {ast.Lt: ek.LESS, ast.LtE: ek.LESS_EQUAL, ast.Eq: ek.EQUAL}
_TURNED: Final = {ast.Gt: ek.LESS, ast.GtE: ek.LESS_EQUAL}
_FUNCTIONS: Final = {"abs": ek.ABSOLUTE, "min": ek.SMALLER, "max": ek.LARGER}
_CROSSES: Final = ("crosses_above", "crosses_below")


class RuleError(ValueError):
    """A rule that is not valid; the text says what is wrong, and at which character."""


def parse(text: str) -> Program:
    """Compile a rule.

    Raises
    ------
    RuleError
        The text is not a rule.
    """
    return _compiled(text, _Compiler.rule)


def parse_feature(text: str) -> Feature:
    """Read a single feature, such as ``ema(20)``.

    Raises
    ------
    RuleError
        The text is not a feature.
    """
    return _compiled(text, _Compiler.feature)


def _compiled[T](text: str, read: Callable[[_Compiler, ast.expr], T]) -> T:
    if len(text) > MAX_LENGTH:
        raise RuleError(f"the rule is longer than {MAX_LENGTH} characters")
    flat = " ".join(text.split())
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about literals such as `14or`, which it accepts
            tree = ast.parse(flat, mode="eval")
        return read(_Compiler(flat), tree.body)
    except SyntaxError as error:
        where = "" if error.offset is None else f" at character {error.offset}"
        raise RuleError(f"{flat!r} is not a rule: {error.msg}{where}") from None
    except (RecursionError, MemoryError, ValueError) as error:
        if isinstance(error, RuleError):
            raise
        raise RuleError("the rule is nested too deeply, or holds a null character") from None


class _Compiler:
    """Compiler of one rule: walks its syntax tree and writes its program."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._features: dict[Feature, int] = {}
        self._constants: dict[float, int] = {}
        self._code: list[int] = []
        self._height = self._depth = 0

    def feature(self, tree: ast.expr) -> Feature:
        self._number(tree)
        if len(self._code) != 1 or not self._features:
            self._refuse(tree, "a feature was expected, such as rsi(14)")
        return next(iter(self._features))

    def rule(self, tree: ast.expr) -> Program:
        self._truth(tree)
        constants = np.array(list(self._constants), np.float64)
        code = np.array(self._code, np.int64)
        return Program(self._text, tuple(self._features), code, constants, self._depth)

    # --- conditions
    def _truth(self, node: ast.expr) -> None:
        match node:
            case ast.BoolOp(op=op, values=[first, *rest]):
                self._truth(first)
                for value in rest:
                    self._truth(value)
                    self._take_two(ek.AND if isinstance(op, ast.And) else ek.OR)
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                self._truth(operand)
                self._emit(ek.NOT)
            case ast.Compare(left=left, ops=ops, comparators=comparators):
                self._comparisons(left, ops, comparators)
            case ast.Call(func=ast.Name(id=name), args=[a, b], keywords=[]) if name in _CROSSES:
                self._crosses(name, a, b)
            case _:
                self._refuse(node, "a condition was expected, such as rsi(14) < 30")

    def _comparisons(self, left: ast.expr, ops: list[ast.cmpop], others: list[ast.expr]) -> None:
        """Write a chain: ``20 < rsi(14) <= 30`` is the conjunction of its comparisons."""
        for at, (op, right) in enumerate(zip(ops, others, strict=True)):
            if type(op) in _TURNED:
                self._number(right)
                self._number(left)
                self._take_two(_TURNED[type(op)])
            elif type(op) in _COMPARISONS or isinstance(op, ast.NotEq):
                self._number(left)
                self._number(right)
                self._take_two(_COMPARISONS.get(type(op), ek.EQUAL))
                if isinstance(op, ast.NotEq):
                    self._emit(ek.NOT)
            else:
                self._refuse(right, "a comparison must be one of < <= > >= == !=")
            if at:
                self._take_two(ek.AND)
            left = right

    def _crosses(self, name: str, a: ast.expr, b: ast.expr) -> None:
        low, high = (a, b) if name == "crosses_above" else (b, a)
        self._number(low, ek.BEFORE)
        self._number(high, ek.BEFORE)
        self._take_two(ek.LESS_EQUAL)
        self._number(high)
        self._number(low)
        self._take_two(ek.LESS)
        self._take_two(ek.AND)

    # --- numbers
    def _number(self, node: ast.expr, when: int = ek.NOW) -> None:
        match node:
            case ast.Constant():
                self._constant(node, self._literal(node))
            case ast.UnaryOp(op=ast.USub() | ast.UAdd() as op, operand=operand):
                self._number(operand, when)
                if isinstance(op, ast.USub):
                    self._emit(ek.NEGATE)
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _ARITHMETIC:
                self._number(left, when)
                self._number(right, when)
                self._take_two(_ARITHMETIC[type(op)])
            case ast.Call(func=ast.Name(id=name), args=args, keywords=[]) if name in _FUNCTIONS:
                self._function(node, name, args, when)
            case ast.Call(func=ast.Name(id=name), args=args, keywords=[]):
                self._feature(node, name, args, when)
            case ast.Name(id=name):
                self._feature(node, name, [], when)
            case _:
                self._refuse(node, "a number or a feature was expected, such as rsi(14)")

    def _constant(self, node: ast.expr, number: float) -> None:
        if not math.isfinite(number):
            self._refuse(node, "the number is too large")
        at = self._constants.setdefault(number, len(self._constants))
        self._load(ek.CONSTANT, at)

    def _function(self, node: ast.expr, name: str, args: list[ast.expr], when: int) -> None:
        wanted = 1 if name == "abs" else 2
        if len(args) != wanted:
            self._refuse(node, f"{name} takes {wanted} number{'s'[: wanted - 1]}")
        for arg in args:
            self._number(arg, when)
        if wanted == 2:
            self._take_two(_FUNCTIONS[name])
        else:
            self._emit(_FUNCTIONS[name])

    def _feature(self, node: ast.expr, name: str, args: list[ast.expr], when: int) -> None:
        if name in _CROSSES:
            self._refuse(node, f"{name}(a, b) is a condition, not a number")
        source = None
        if args and isinstance(args[0], ast.Name):
            source, args = args[0].id, args[1:]
        values = [self._literal(arg) for arg in args]
        try:
            feature = Feature.of(name, *values, source=source)
        except FeatureError as error:
            hint = "" if name in known() else f"; there are {', '.join(known())}"
            self._refuse(node, f"{error}{hint}")
        self._load(when, self._features.setdefault(feature, len(self._features)))

    def _literal(self, node: ast.expr) -> float:
        if isinstance(node, ast.Constant):
            value = node.value
            if isinstance(value, int | float) and not isinstance(value, bool):
                try:
                    return float(value)
                except OverflowError:
                    return math.inf
        self._refuse(node, "a plain number was expected")

    # --- output
    def _load(self, operation: int, operand: int) -> None:
        self._height += 1
        self._depth = max(self._depth, self._height)
        if self._depth > ek.MAX_STACK:
            raise RuleError("the rule is nested too deeply")
        self._code.append(ek.word(operation, operand))

    def _take_two(self, operation: int) -> None:
        self._height -= 1
        self._emit(operation)

    def _emit(self, operation: int) -> None:
        self._code.append(ek.word(operation))

    def _refuse(self, node: ast.expr, why: str) -> NoReturn:
        part = ast.get_source_segment(self._text, node) or self._text
        raise RuleError(f"{part!r} at character {node.col_offset + 1}: {why}")


def known() -> list[str]:
    """Return the names of all features, sorted."""
    return sorted((*COLUMNS, *CONTEXT, *FEATURES))
