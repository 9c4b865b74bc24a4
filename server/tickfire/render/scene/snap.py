"""The arithmetic of candles.wgsl, and JavaScript's rounding, by which everything finds its pixel.

``client_js/src/chart/snap.ts`` is the same in TypeScript; docs/scene.md is the contract.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

type Floats = NDArray[np.float64]


def round_half_up(values: Any) -> Floats:
    """Round as JavaScript's ``Math.round`` does: halves towards positive infinity."""
    below = np.floor(values)
    rounded: Floats = np.where(np.asarray(values) - below >= 0.5, below + 1, below)
    return rounded


def to_columns(index: Any, offset: float, slot: float) -> Floats:
    """Return the pixel column of the middle of each slot; all steps in 32 bits.

    Parameters
    ----------
    index : array of int
    offset : float
        Distance of slot 0's left edge from the pane's, in slots.
    slot : float
        Pixels from slot to slot.
    """
    place = np.asarray(index, np.float64) + 0.5 + np.float64(np.float32(offset))
    return np.floor(place.astype(np.float32) * np.float32(slot)).astype(np.float64)


def to_row(top: float, px_per_unit: float, price: float) -> int:
    """Return the pixel row of a position, if `top` is that of row 0; all steps in 32 bits."""
    distance = np.float32(np.float64(np.float32(top)) - price)
    return int(np.rint(distance * np.float32(px_per_unit)))


def to_fixed(value: float, digits: int) -> str:
    """Return a number with a fixed count of digits, as ``toFixed`` of a positive number does."""
    return f"{Decimal(value).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP):f}"
