"""Units of time and price, and conversion of prices to exact decimal strings."""

from __future__ import annotations

from datetime import UTC, datetime
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


def scaled(text: str, digits: int = _DIGITS) -> int:
    """Return a decimal as an integer in units of 1e-`digits`, exactly.

    >>> scaled("5524.25"), scaled("-0.000000001"), scaled("1.500", 1)
    (5524250000000, -1, 15)

    Raises
    ------
    ValueError
        If the text is not a decimal, or has more digits that count than `digits`.
    """
    whole, _, part = text.partition(".")
    kept, rest = part[:digits], part[digits:].strip("0")
    unsigned = whole.removeprefix("-")
    if rest or not (unsigned + part).isdecimal() or not (unsigned + part).isascii():
        raise ValueError(
            f"{text[:80]!r} is not a decimal of at most {digits} digits after the point"
        )
    value = int(unsigned + kept.ljust(digits, "0"))
    return -value if whole.startswith("-") else value


def decimal_or_none(price: int) -> str | None:
    """Return a price as a decimal, or None for UNDEF_PRICE."""
    return None if price == UNDEF_PRICE else decimal(price)


def utc(ns: int) -> str:
    """Return a time, in ns since the Unix epoch, to the second in ISO 8601.

    >>> utc(1_700_000_000_000_000_000)
    '2023-11-14T22:13:20Z'
    """
    return f"{datetime.fromtimestamp(ns // NS_PER_S, UTC):%Y-%m-%dT%H:%M:%SZ}"


def milliseconds(ns: int) -> int:
    """Convert nanoseconds to whole milliseconds, rounded down."""
    return ns // NS_PER_MS
