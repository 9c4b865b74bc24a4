"""Numbers as text, as in ``client_js/src/format/decimal.ts``."""

from __future__ import annotations

from typing import Final

from tickfire.render.scene.snap import to_fixed

_SUFFIXES: Final = ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e4, "K"))


def from_units(units: float, decimals: int) -> str:
    """Return an integer of units of 10^-decimals as a decimal, with all its decimals.

    >>> from_units(552450, 2), from_units(-5, 2)
    ('5524.50', '-0.05')
    """
    digits = f"{abs(int(units)):0{decimals + 1}d}"
    sign = "-" if units < 0 else ""
    return f"{sign}{digits[:-decimals]}.{digits[-decimals:]}" if decimals else sign + digits


def compact(count: float) -> str:
    """Return a count as short text.

    >>> compact(950), compact(12345)
    ('950', '12.3K')
    """
    for size, suffix in _SUFFIXES:
        if count < size * 0.99995:  # 999,950 rounds to 1000.0K, which reads as 1.00M
            continue
        scaled = count / (1e3 if suffix == "K" else size)
        digits = 0 if scaled >= 99.95 else 1 if scaled >= 9.995 else 2
        return to_fixed(scaled, digits) + suffix
    return to_fixed(count, 0)


def percent(change: float, decimals: int = 2) -> str:
    """Return a relative change with its sign.

    >>> percent(0.0125), percent(0.0), percent(0.0125, 3)
    ('+1.25%', '0.00%', '+1.250%')
    """
    text = to_fixed(abs(change * 100), decimals)
    if float(text) == 0:
        return f"{text}%"
    return f"{'\N{MINUS SIGN}' if change < 0 else '+'}{text}%"
