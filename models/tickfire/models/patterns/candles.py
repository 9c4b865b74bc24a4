"""`CandlePatterns`: all candlestick patterns over closed candles, live or past."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tickfire.kernels.pointers import address_of
from tickfire.models.patterns.candle_state import STATE_WORDS
from tickfire.models.patterns.candles_kernel import candle_patterns
from tickfire.models.patterns.catalogue import CANDLE_PATTERNS, DEPTHS

__all__ = ["CandlePatterns"]

DEFAULT_DEPTHS: Final = {p.name: p.depth for p in CANDLE_PATTERNS if p.depth is not None}


class CandlePatterns:
    """All candlestick patterns over one or more series of candles.

    Parameters
    ----------
    depths : mapping of str to float, optional
        Depth by name of pattern: how far the last candle must reach into the first, in bodies of
        the first (TA-Lib's "penetration"). TA-Lib's defaults where left out.
    series : int
        Number of series to make room for.

    Raises
    ------
    ValueError
        A pattern takes no depth, or a depth is negative or not finite.
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
        """Number of series that there is room for."""
        return len(self._states)

    def grow(self, series: int) -> None:
        """Make room for more series; the present ones stay as they are."""
        states = np.zeros((max(series, len(self._states)), STATE_WORDS), np.float64)
        states[: len(self._states)] = self._states
        self._states = states

    def reset(self, series: int = 0) -> None:
        """Forget the candles of a series."""
        self._states[series] = 0.0

    def push(
        self,
        opens: ArrayLike,
        highs: ArrayLike,
        lows: ArrayLike,
        closes: ArrayLike,
        series: ArrayLike | None = None,
    ) -> NDArray[np.int16]:
        """Take the next closed candles; return the result of each pattern after each.

        A candle with a price that is not finite, or beyond 1e100, is skipped: its row is 0.

        Parameters
        ----------
        opens, highs, lows, closes : float[n]
        series : int[n], optional
            Index of the series of each candle; 0 if left out.

        Returns
        -------
        int16[n, 61]
            Results, with a column for each of `CANDLE_PATTERNS`; 0 for none.

        Raises
        ------
        ValueError
            The lengths differ, or a series does not exist.
        """
        columns = [np.array(x, np.float64, ndmin=1) for x in (opens, highs, lows, closes)]
        count = len(columns[0])
        which = np.zeros(count, np.int64) if series is None else np.array(series, np.int64, ndmin=1)
        if {x.shape for x in (*columns, which)} != {(count,)}:
            raise ValueError("opens, highs, lows, closes and series must be as many")
        if count and not 0 <= which.min() <= which.max() < len(self._states):
            raise ValueError(f"a series must be from 0 to {len(self._states) - 1}")
        out = np.empty((count, len(CANDLE_PATTERNS)), np.int16)
        address = address_of(self._states)
        candle_patterns(which, np.stack(columns), self._depths, address, out)
        return out
