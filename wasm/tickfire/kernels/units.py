"""Units of time and price. Kernels do not import `tickfire.base`, which has its own."""

from __future__ import annotations

from typing import Final

MILLISECOND_NS: Final = 1_000_000
SECOND_NS: Final = 1_000_000_000
MINUTE_NS: Final = 60 * SECOND_NS

PRICE_SCALE: Final = 1e9
"""Units of an integer price in 1.0 of the instrument's currency."""
