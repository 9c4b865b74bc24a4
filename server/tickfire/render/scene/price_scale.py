"""The price scale that fits the visible candles, as in ``client_js/src/chart/price-scale.ts``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tickfire.render.scene.candles import Extent

MARGIN_TOP: Final = 0.08
MARGIN_BOTTOM: Final = 0.24
"""Shares of the pane left free above the highest and below the lowest price; volumes lie below."""
MIN_STEPS: Final = 8
"""Minimum span of the pane, in price steps."""


@dataclass(frozen=True, slots=True)
class PriceRange:
    """Prices, in units, at the pane's top and bottom edge."""

    top: float
    bottom: float


def fit(extent: Extent, step: float) -> PriceRange:
    """Return the range that fits an extent; `step` is the least price step, in units."""
    if extent.low > extent.high:
        return PriceRange(1, 0)
    missing = max(MIN_STEPS * step - (extent.high - extent.low), 0)
    low = extent.low - missing / 2
    span = (extent.high + missing / 2 - low) / (1 - MARGIN_TOP - MARGIN_BOTTOM)
    bottom = low - span * MARGIN_BOTTOM
    return PriceRange(bottom + span, bottom)
