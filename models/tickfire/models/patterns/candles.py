"""Candlestick patterns, live: what all of them say of each candle as it closes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tickfire.models.patterns.candle_state import STATE_WORDS
from tickfire.models.patterns.candles_kernel import candle_patterns
from tickfire.models.patterns.catalogue import CANDLE_PATTERNS, DEPTHS

__all__ = ["CandlePatterns"]

DEFAULT_DEPTHS: Final = {p.name: p.depth for p in CANDLE_PATTERNS if p.depth is not None}


class CandlePatterns:
    """Every candlestick pattern over one or more series of candles.

    Parameters
    ----------
    depths : mapping of str to float, optional
        How far, in bodies, the last candle of a pattern goes into its first, by name of the
        pattern; TA-Lib's default (its "penetration") where left out.
    series : int
        How many series there are.

    Raises
    ------
    ValueError
        If a pattern takes no depth, or a depth is negative or no number.
    """

    def __init__(self, depths: Mapping[str, float] | None = None, series: int = 1) -> None:
        chosen = DEFAULT_DEPTHS | dict(depths or {})
        for name, depth in chosen.items():
            if name not in DEFAULT_DEPTHS:
                raise ValueError(f"the pattern {name} takes no depth")
            if not 0.0 <= depth < np.inf:
                raise ValueError(f"the depth of {name} must be 0 or more, not {depth}")
        self._depths = np.array([chosen[name] for name in DEPTHS], np.float64)
        self._states = np.zeros((series, STATE_WORDS), np.float64)

    @property
    def series(self) -> int:
        """How many series there is room for."""
        return len(self._states)

    def grow(self, series: int) -> None:
        """Make room for so many series; those there are stay as they are."""
        states = np.zeros((max(series, len(self._states)), STATE_WORDS), np.float64)
        states[: len(self._states)] = self._states
        self._states = states

    def reset(self, series: int = 0) -> None:
        """Begin a series anew."""
        self._states[series] = 0.0

    def push(
        self,
        opens: ArrayLike,
        highs: ArrayLike,
        lows: ArrayLike,
        closes: ArrayLike,
        series: ArrayLike | None = None,
    ) -> NDArray[np.int16]:
        """Take closed candles, in order; say what each pattern says after each.

        A candle with a price that is no number (or beyond 1e100) is passed over as if it were
        not there; its row is 0.

        Parameters
        ----------
        opens, highs, lows, closes : float[n]
        series : int[n], optional
            Which series each candle belongs to; 0 where left out.

        Returns
        -------
        int16[n, 61]
            By column of `CANDLE_PATTERNS`: TA-Lib's results, 0 where there is nothing.

        Raises
        ------
        ValueError
            If the lengths differ, or a series is not there.
        """
        columns = [np.array(x, np.float64, ndmin=1) for x in (opens, highs, lows, closes)]
        count = len(columns[0])
        which = np.zeros(count, np.int64) if series is None else np.array(series, np.int64, ndmin=1)
        if {x.shape for x in (*columns, which)} != {(count,)}:
            raise ValueError("opens, highs, lows, closes and series must be as many")
        if count and not 0 <= which.min() <= which.max() < len(self._states):
            raise ValueError(f"a series is a number from 0 to {len(self._states) - 1}")
        out = np.empty((count, len(CANDLE_PATTERNS)), np.int16)
        address = self._states.ctypes.data
        candle_patterns(which, np.stack(columns), self._depths, address, out)
        return out
