"""Inputs of the signals model: features of minute bars, comparable between instruments."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tickfire.kernels.pointers import address_of
from tickfire.models.features.catalogue import Feature
from tickfire.models.features.feature_set import FeatureSet
from tickfire.models.patterns.candles import CandlePatterns
from tickfire.models.signals.outlook_kernel import INPUTS, VALUES, make_inputs

type Array = NDArray[np.float64]

FEATURES: Final = (
    Feature.of("close"),
    Feature.of("open"),
    Feature.of("volume"),
    Feature.of("log_returns", 1),
    Feature.of("log_returns", 5),
    Feature.of("log_returns", 15),
    Feature.of("volatility", 60),
    Feature.of("volatility", 15),
    Feature.of("zscore", 20),
    Feature.of("rsi", 14),
    Feature.of("macd_histogram"),
    Feature.of("atr", 14),
    Feature.of("highest", 20),
    Feature.of("lowest", 20),
    Feature.of("adx", 14),
    Feature.of("plus_di", 14),
    Feature.of("minus_di", 14),
    Feature.of("sma", 20, source="volume"),
)
"""Features, in the order that `outlook_kernel` reads them; a count of candle patterns follows."""
NAMES: Final = (
    "return of 1 bar, in deviations",
    "return of 5 bars, in deviations",
    "return of 15 bars, in deviations",
    "distance from the mean of 20, in deviations",
    "RSI 14, -1 to 1",
    "MACD histogram, in ATRs",
    "place within the range of 20, -1 to 1",
    "directional movement, -1 to 1",
    "ADX, 0 to 1",
    "volatility of 15 to that of 60, logarithm",
    "body of the candle, in ATRs",
    "volume to its mean of 20, logarithm",
    "candle patterns, bullish less bearish",
)
assert len(FEATURES) + 1 == VALUES
assert len(NAMES) == INPUTS


class Inputs:
    """Inputs of one series of bars; live bars give the same values as history."""

    def __init__(self) -> None:
        self._features = FeatureSet(FEATURES)
        self._patterns = CandlePatterns()

    def push(self, columns: Mapping[str, Array]) -> tuple[Array, Array]:
        """Take the next bars.

        Parameters
        ----------
        columns : mapping of str to float64[n]
            All of `COLUMNS`.

        Returns
        -------
        float64[n, INPUTS]
            A row is NaN where an input is not known yet.
        float64[n]
            Standard deviation of the log return of one bar.
        """
        values = np.empty((len(columns["close"]), VALUES))
        values[:, :-1] = self._features.push(columns)
        found = self._patterns.push(*(columns[name] for name in ("open", "high", "low", "close")))
        values[:, -1] = np.sign(found).sum(axis=1)
        out = np.empty((len(values), INPUTS))
        make_inputs(address_of(values), len(values), address_of(out))
        return out, values[:, 6].copy()
