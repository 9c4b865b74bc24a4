"""Numbers and prices as JSON text, for kernels: inlined helpers that write to uint8[].

Each writes at index ``at`` of ``out`` and returns the index after the last byte written. None
checks for room: a kernel is given an output that its text cannot outgrow.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numba import uint8, uint64

from tickfire.base.units import PRICE_SCALE, UNDEF_PRICE
from tickfire.kernels.jit import helper

_QUOTE: Final = ord('"')
_MINUS: Final = ord("-")
_POINT: Final = ord(".")
_ZERO: Final = ord("0")
_LETTERS: Final = ord("a") - 10
"""Added to a digit of 10 or more, it gives its letter in base 36."""
_PRICE_DIGITS: Final = 9
_NULL = np.frombuffer(b"null", np.uint8)


@helper
def put(out: Any, at: Any, literal: Any) -> Any:
    """Write a constant uint8[]."""
    for i in range(literal.shape[0]):
        out[at + uint64(i)] = literal[i]
    return at + uint64(literal.shape[0])


@helper
def put_bytes(out: Any, at: Any, source: Any, begin: Any, end: Any) -> Any:
    """Copy ``source[begin:end]``."""
    for i in range(uint64(begin), uint64(end)):
        out[at] = source[i]
        at += uint64(1)
    return at


@helper
def put_uint(out: Any, at: Any, value: Any) -> Any:
    """Write a uint64 in base 10."""
    rest = uint64(value) // uint64(10)
    end = at + uint64(1)
    while rest != uint64(0):
        rest //= uint64(10)
        end += uint64(1)
    rest = uint64(value)
    i = end
    while i > at:
        i -= uint64(1)
        after = rest // uint64(10)
        out[i] = uint8(uint64(_ZERO) + rest - after * uint64(10))
        rest = after
    return end


@helper
def put_int(out: Any, at: Any, value: Any) -> Any:
    """Write an int64 in base 10."""
    if value < 0:
        out[at] = uint8(_MINUS)
        return put_uint(out, at + uint64(1), uint64(0) - uint64(value))
    return put_uint(out, at, uint64(value))


@helper
def put_base36(out: Any, at: Any, value: Any) -> Any:
    """Write a uint64 in base 36."""
    rest = uint64(value) // uint64(36)
    end = at + uint64(1)
    while rest != uint64(0):
        rest //= uint64(36)
        end += uint64(1)
    rest = uint64(value)
    i = end
    while i > at:
        i -= uint64(1)
        after = rest // uint64(36)
        digit = rest - after * uint64(36)
        out[i] = uint8(digit + (uint64(_ZERO) if digit < uint64(10) else uint64(_LETTERS)))
        rest = after
    return end


@helper
def put_fraction(out: Any, at: Any, part: Any) -> Any:
    """Write a decimal point and the digits of ``part`` (1e-9, not 0) without trailing zeros."""
    out[at] = uint8(_POINT)
    at += uint64(1)
    digits = uint64(_PRICE_DIGITS)
    while part % uint64(10) == uint64(0):
        part //= uint64(10)
        digits -= uint64(1)
    i = at + digits
    while i > at:
        i -= uint64(1)
        after = part // uint64(10)
        out[i] = uint8(uint64(_ZERO) + part - after * uint64(10))
        part = after
    return at + digits


@helper
def put_price(out: Any, at: Any, price: Any) -> Any:
    """Write a price (1e-9) as a quoted, shortest exact decimal, or null if it is undefined."""
    if price == UNDEF_PRICE:
        return put(out, at, _NULL)
    out[at] = uint8(_QUOTE)
    at += uint64(1)
    size = uint64(price)
    if price < 0:
        out[at] = uint8(_MINUS)
        at += uint64(1)
        size = uint64(0) - size
    whole = size // uint64(PRICE_SCALE)
    part = size - whole * uint64(PRICE_SCALE)
    at = put_uint(out, at, whole)
    if part != uint64(0):
        at = put_fraction(out, at, part)
    out[at] = uint8(_QUOTE)
    return at + uint64(1)


@helper
def put_size(out: Any, at: Any, price: Any, size: Any) -> Any:
    """Write the size of one side of the top of book, or null if the side has no price."""
    if price == UNDEF_PRICE:
        return put(out, at, _NULL)
    return put_int(out, at, size)
