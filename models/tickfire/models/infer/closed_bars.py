"""Closed bars of one series in the form that models take, each once and in order. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tickfire.base.units import NS_PER_S, PRICE_SCALE
from tickfire.models.features.catalogue import COLUMNS
from tickfire.store.schema import BAR_LATE, BAR_REWIND


class ClosedBars:
    """Filter of the bars of one series.

    A bar counts when it is first closed; late pieces of it change nothing. A rewind that voids any
    bar starts the series afresh.
    """

    def __init__(self) -> None:
        self._newest = -1

    def take(self, bar: Any) -> str:
        """Return the action for a BAR.

        Returns
        -------
        str
            ``"next"``: it continues the series; ``"restart"``: it starts the series afresh;
            ``"skip"``: it is late, or was seen before.
        """
        flags, start = int(bar["flags"]), int(bar["start"])
        if flags & BAR_REWIND and start <= self._newest:
            self._newest = start
            return "restart"
        if flags & BAR_LATE or start <= self._newest:
            return "skip"
        self._newest = start
        return "next"


def end_of(bar: Any) -> int:
    """Return the end of a BAR, in ns since the Unix epoch."""
    return int(bar["start"]) + int(bar["interval_s"]) * NS_PER_S


def columns_of(bar: Any) -> Mapping[str, NDArray[np.float64]]:
    """Return the columns of a BAR as arrays of length 1, with prices in units of the instrument."""
    prices = {name: np.array([int(bar[name]) / PRICE_SCALE]) for name in COLUMNS[:4]}
    return {**prices, "volume": np.array([float(bar["volume"])])}
