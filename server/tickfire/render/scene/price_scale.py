"""The price scale that fits the visible candles, as in ``client_js/src/chart/price-scale.ts``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, get_args

from tickfire.render.scene.candles import Candles, Extent
from tickfire.render.scene.log_scale import LogMapping
from tickfire.render.scene.price_mapping import LinearMapping, PriceMapping

MARGIN_TOP: Final = 0.08
MARGIN_BOTTOM: Final = 0.24
"""Shares of the pane left free above the highest and below the lowest price; volumes lie below."""
MIN_STEPS: Final = 8
"""Minimum span of the pane, in price steps."""

type ScaleKind = Literal["linear", "log", "percent"]
"""The scale of the price axis. Percent counts from the close of the first candle in sight."""

SCALE_KINDS: Final[tuple[ScaleKind, ...]] = get_args(ScaleKind.__value__)
NOT_ABOVE_0: Final = "A log scale needs prices above 0; the scale is linear."
FIRST_IS_0: Final = "A percent scale needs a first price other than 0; the scale is linear."


@dataclass(frozen=True, slots=True)
class PriceRange:
    """Positions at the pane's top and bottom edge."""

    top: float
    bottom: float


@dataclass(frozen=True, slots=True)
class PriceScale:
    """The scale of one frame.

    Attributes
    ----------
    mapping : PriceMapping
    reference : float or None
        The price, in units, that is 0 on a percent scale; None on others.
    fault : str or None
        The reason why the candles are drawn on a linear scale instead.
    """

    mapping: PriceMapping
    reference: float | None = None
    fault: str | None = None

    @classmethod
    def of(cls, candles: Candles, kind: ScaleKind, first: int) -> PriceScale:
        """Return the scale for candles, of which `first` is the first in sight."""
        linear = LinearMapping(candles.base)
        if not len(candles) or kind == "linear":
            return cls(linear)
        if kind == "log":
            if candles.extent(0, len(candles)).low > 0:
                return cls(LogMapping.around(candles.base))
            return cls(linear, fault=NOT_ABOVE_0)
        close = float(candles.close[min(first, len(candles) - 1)])
        return cls(linear, close) if close else cls(linear, fault=FIRST_IS_0)

    def positions(self, extent: Extent) -> Extent:
        """Return an extent of prices, in units, as one of positions."""
        to_position = self.mapping.to_position
        return Extent(to_position(extent.low), to_position(extent.high))


def fit(extent: Extent, step: float) -> PriceRange:
    """Return the range that fits an extent of positions; `step` is the least price step there."""
    if extent.low > extent.high:
        return PriceRange(1, 0)
    missing = max(MIN_STEPS * step - (extent.high - extent.low), 0)
    low = extent.low - missing / 2
    span = (extent.high + missing / 2 - low) / (1 - MARGIN_TOP - MARGIN_BOTTOM)
    bottom = low - span * MARGIN_BOTTOM
    return PriceRange(bottom + span, bottom)
