"""`Candles`: bars as charts hold them, as in ``client_js/src/store``."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tickfire.render.scene.decimals import from_units

_DIGITS: Final = 9
"""Decimals of a price that is an integer of 1e-9."""

type Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Extent:
    """Lowest and highest price or value; the low is infinite if there is none."""

    low: float
    high: float


@dataclass(frozen=True)
class Candles:
    """Bars of one instrument, oldest first.

    Attributes
    ----------
    time : int64[n]
        Ascending, in ms since the Unix epoch.
    open, high, low, close : float64[n]
        Integers, in units of 10^-decimals.
    volume : float64[n]
    decimals : int
    tick_units : float
        The least price step, in units; derived from the prices if it is not known.
    """

    time: NDArray[np.int64]
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats
    decimals: int
    tick_units: float

    @classmethod
    def of(
        cls,
        time: NDArray[np.int64],
        prices: NDArray[np.int64],
        volume: NDArray[np.float64],
        tick_size: int = 0,
    ) -> Candles:
        """Return candles of prices that are integers of 1e-9.

        Parameters
        ----------
        time : int64[n]
            Ascending, in ms since the Unix epoch.
        prices : int64[n, 4]
            Open, high, low and close.
        volume : float64[n]
        tick_size : int
            The least price step, 0 if it is not known.
        """
        decimals = max(_decimals_of(prices), _decimals_of(np.array([tick_size], np.int64)))
        unit = 10 ** (_DIGITS - decimals)
        units = prices // unit
        step = tick_size // unit
        if step == 0 and len(units):
            step = int(np.gcd.reduce(np.abs(units - units[0, 0]).reshape(-1)))
        opened, high, low, close = np.ascontiguousarray(units.T, np.float64)
        return cls(time, opened, high, low, close, volume, decimals, float(step or 1))

    def __len__(self) -> int:
        return len(self.time)

    @property
    def base(self) -> float:
        """The price, in units, that is 0 on the GPU: the newest close."""
        return float(self.close[-1]) if len(self) else 0.0

    @cached_property
    def _sums(self) -> Floats:
        return np.concatenate(([0.0], np.cumsum(self.volume)))

    def extent(self, first: int, last: int) -> Extent:
        """Return the lowest and highest price of candles first to last (exclusive), in units."""
        if first >= last:
            return Extent(np.inf, -np.inf)
        return Extent(float(self.low[first:last].min()), float(self.high[first:last].max()))

    def max_volume(self, first: int, last: int, per: int) -> float:
        """Return the largest volume of a bucket of `per` candles from first to last (exclusive)."""
        starts = np.arange(first // per * per, last, per)
        ends = np.minimum(starts + per, last)
        return float(np.max(self._sums[ends] - self._sums[starts], initial=0.0))

    def format(self, units: float) -> str:
        """Return a price in units as text."""
        return from_units(units, self.decimals)


def _decimals_of(prices: NDArray[np.int64]) -> int:
    """Return the number of decimals that prices in 1e-9 need."""
    for decimals in range(_DIGITS):
        if not np.any(prices % 10 ** (_DIGITS - decimals)):
            return decimals
    return _DIGITS
