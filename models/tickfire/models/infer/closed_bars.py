"""Closed bars of one instrument and interval, as models take them: each once, in order. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tickfire.base.units import PRICE_SCALE
from tickfire.kernels.bars import SECOND_NS
from tickfire.models.features.catalogue import COLUMNS
from tickfire.store.schema import BAR_LATE, BAR_REWIND


class ClosedBars:
    """Watches over one series.

    A bar is taken when it is closed first; what comes late changes nothing that was said. A rewind
    begins the series anew.
    """

    def __init__(self) -> None:
        self._newest = -1

    def take(self, bar: Any) -> str:
        """Return ``"next"``, ``"anew"`` (next, of a series that begins) or ``"skip"`` of a BAR."""
        flags, start = int(bar["flags"]), int(bar["start"])
        if flags & BAR_REWIND:
            self._newest = start
            return "anew"
        if flags & BAR_LATE or start <= self._newest:
            return "skip"
        self._newest = start
        return "next"


def end_of(bar: Any) -> int:
    """Return the end of a BAR, ns."""
    return int(bar["start"]) + int(bar["interval_s"]) * SECOND_NS


def columns_of(bar: Any) -> Mapping[str, NDArray[np.float64]]:
    """Return float64[1] of each column of a BAR, prices in units of the instrument."""
    prices = {name: np.array([int(bar[name]) / PRICE_SCALE]) for name in COLUMNS[:4]}
    return {**prices, "volume": np.array([float(bar["volume"])])}
