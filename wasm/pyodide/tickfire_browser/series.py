"""Arrays of numbers with element-wise arithmetic."""

from __future__ import annotations

import math
import operator
from array import array
from collections.abc import Callable, Iterable, Iterator
from typing import Any

__all__ = ["Series", "divide", "floats", "longs"]

Float = Callable[[float, float], float]


def divide(a: float, b: float) -> float:
    """Divide by the rules of IEEE 754: division by zero gives an infinity or NaN."""
    if b != 0.0:
        return a / b
    if a == 0.0 or a != a:
        return math.nan
    return math.copysign(math.inf, a) * math.copysign(1.0, b)


class Series(array):  # type: ignore[type-arg]
    """Array of float64 whose ``+ - * /`` work element by element, with series and numbers.

    The other operand may also be an array or a list of the same length. Comparison and slicing
    are those of `array.array`; a slice is a plain array.
    """

    def __add__(self, other: Any) -> Series:
        return self._with(other, operator.add)

    def __radd__(self, other: Any) -> Series:
        return self._with(other, _swapped(operator.add))

    def __sub__(self, other: Any) -> Series:
        return self._with(other, operator.sub)

    def __rsub__(self, other: Any) -> Series:
        return self._with(other, _swapped(operator.sub))

    def __mul__(self, other: Any) -> Series:
        return self._with(other, operator.mul)

    def __rmul__(self, other: Any) -> Series:
        return self._with(other, _swapped(operator.mul))

    def __truediv__(self, other: Any) -> Series:
        return self._with(other, divide)

    def __rtruediv__(self, other: Any) -> Series:
        return self._with(other, _swapped(divide))

    def __neg__(self) -> Series:
        return Series("d", [-x for x in self])

    def __abs__(self) -> Series:
        return Series("d", [abs(x) for x in self])

    def _with(self, other: Any, operation: Float) -> Series:
        if isinstance(other, int | float):
            number = float(other)
            return Series("d", [operation(x, number) for x in self])
        others = floats(other, "the other operand")
        if len(others) != len(self):
            raise ValueError(f"series of {len(self)} and {len(others)} values do not fit")
        return Series("d", [operation(x, y) for x, y in zip(self, others, strict=True)])


def _swapped(operation: Float) -> Float:
    return lambda a, b: operation(b, a)


def floats(value: Any, name: str) -> array[float]:
    """Convert values to a float64 array, without a copy if they are one; None becomes NaN.

    Raises
    ------
    TypeError
        If it is not a number, or an iterable or buffer of numbers.
    """
    return _array("d", value, name, lambda x: math.nan if x is None else float(x))


def longs(value: Any, name: str) -> array[int]:
    """Convert values to an int64 array, without a copy if they are one.

    Raises
    ------
    TypeError
        If it is not an integer, or an iterable or buffer of integers.
    ValueError
        If an integer is beyond int64.
    """
    try:
        return _array("q", value, name, operator.index)
    except OverflowError:
        raise ValueError(f"{name} has a number beyond int64") from None


def _array(code: str, value: Any, name: str, convert: Callable[[Any], Any]) -> array[Any]:
    if isinstance(value, array) and value.typecode == code:
        return value
    if isinstance(value, str | bytes | dict | set):
        raise TypeError(f"{name} must be numbers, not {type(value).__name__}")
    if isinstance(value, int | float):
        value = (value,)
    try:
        return array(code, [convert(x) for x in _elements(value)])
    except (TypeError, ValueError):
        raise TypeError(f"{name} must be {_wanted(code)}, one after another") from None


def _elements(value: Any) -> Iterable[Any]:
    try:
        view = memoryview(value)
    except TypeError:
        return _iterated(value)
    if view.ndim != 1:
        raise TypeError("more than one dimension")
    elements: list[Any] = view.tolist()
    return elements


def _iterated(value: Any) -> Iterator[Any]:
    return iter(value)


def _wanted(code: str) -> str:
    return "numbers" if code == "d" else "integers"
