"""Places of prices on a scale, as in ``client_js/src/chart/price-mapping.ts``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from tickfire.render.scene.candles import Candles
from tickfire.render.scene.ticks import price_step, price_ticks

RECORD_FLOATS: Final = 5
"""Numbers of a candle on the GPU: open, high, low and close as positions, and the volume."""
_NUDGE: Final = 2.0**-23
"""A share of a number by which its 32-bit float certainly changes."""
_LEAST: Final = 2.0**-126


class PriceMapping(Protocol):
    """Positions of prices on a scale; candles are drawn at even distances of positions."""

    @property
    def kind(self) -> Literal["linear", "log"]:
        """The name of the mapping."""

    @property
    def base(self) -> float:
        """Position of the price that is 0 in the records."""

    def to_position(self, units: Any) -> Any:
        """Return the positions of prices in units; -inf for one that the scale does not have."""

    def to_units(self, position: float) -> float:
        """Return the price, in units, at a position."""

    def ticks(self, bottom: float, top: float, gap: float, tick: float) -> list[float]:
        """Return round prices in units whose positions are at least `gap` apart."""


@dataclass(frozen=True, slots=True)
class LinearMapping:
    """Prices at even distances; `base` in units."""

    base: float
    kind: Literal["linear"] = "linear"

    def to_position(self, units: Any) -> Any:
        """Return the prices themselves."""
        return units

    def to_units(self, position: float) -> float:
        """Return the position itself."""
        return position

    def ticks(self, bottom: float, top: float, gap: float, tick: float) -> list[float]:
        """Return multiples of a round step."""
        return price_ticks(bottom, top, price_step(gap, tick))


def to_record(mapping: PriceMapping, units: Any) -> Any:
    """Return prices in units as the records hold them: relative to the base, in 32 bits."""
    return np.float32(mapping.to_position(units) - mapping.base)


def records_of(candles: Candles, mapping: PriceMapping) -> NDArray[np.float32]:
    """Return candles as the GPU takes them, float32[n, RECORD_FLOATS]."""
    prices = (candles.open, candles.high, candles.low, candles.close)
    opened, high, low, close = (to_record(mapping, column) for column in prices)
    if mapping.kind == "log":
        # A candle that fell by less than the precision there is still drawn as falling.
        hidden = (candles.close < candles.open) & (close >= opened)
        close = np.where(hidden, _below(opened), close)
    return np.stack((opened, high, low, close, candles.volume.astype(np.float32)), axis=-1)


def _below(values: NDArray[np.float32]) -> NDArray[np.float32]:
    wide = values.astype(np.float64)
    return (wide - np.maximum(np.abs(wide) * _NUDGE, _LEAST)).astype(np.float32)
