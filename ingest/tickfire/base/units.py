"""Units of time and price, and conversion of prices to exact decimal strings."""

from __future__ import annotations

from typing import Final

_DIGITS: Final = 9
NS_PER_S: Final = 1_000_000_000
NS_PER_MS: Final = 1_000_000
PRICE_SCALE: Final = 1_000_000_000
"""Prices are 64-bit integers in units of 1e-9."""
UNDEF_PRICE: Final = 2**63 - 1
"""The value that stands for "no price" in DBN."""


def decimal(price: int) -> str:
    """Return a price, given in units of 1e-9, as the shortest exact decimal.

    >>> decimal(5_524_250_000_000), decimal(-1), decimal(0)
    ('5524.25', '-0.000000001', '0')
    """
    whole, part = divmod(abs(price), PRICE_SCALE)
    sign = "-" if price < 0 else ""
    if not part:
        return f"{sign}{whole}"
    return f"{sign}{whole}.{part:0{_DIGITS}d}".rstrip("0")


def decimal_or_none(price: int) -> str | None:
    """Return a price as a decimal, or None for UNDEF_PRICE."""
    return None if price == UNDEF_PRICE else decimal(price)


def milliseconds(ns: int) -> int:
    """Convert nanoseconds to whole milliseconds, rounded down."""
    return ns // NS_PER_MS
