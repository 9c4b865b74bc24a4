"""Chart patterns drawn with straight lines."""

from __future__ import annotations

from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

type HighLowClose = NDArray[np.float64]
"""float64[n, 3]: high, low, close."""

FLAT: Final = 20
"""Quiet bars before a drawing, from which the mean range becomes known."""
WIDTH: Final = 0.25
"""Half the range of each bar."""


def drawn(*corners: float, step: int | tuple[int, ...] = 10) -> HighLowClose:
    """Return bars along straight lines from corner to corner, after a quiet stretch."""
    legs = list(pairwise(corners))
    steps = step if isinstance(step, tuple) else (step,) * len(legs)
    quiet = corners[0] + 0.05 * np.sin(np.arange(FLAT))
    lines = [np.linspace(a, b, n + 1)[1:] for (a, b), n in zip(legs, steps, strict=True)]
    path = np.concatenate([quiet, *lines])
    return np.stack([path + WIDTH, path - WIDTH, path], axis=1)


DRAWINGS: Final[dict[str, tuple[HighLowClose, str, str]]] = {
    "double top": (drawn(100, 120, 110, 120, 100), "double_top", "down"),
    "head and shoulders": (
        drawn(100, 115, 108, 125, 108, 115, 100),
        "head_and_shoulders",
        "down",
    ),
    "ascending triangle": (drawn(100, 90, 110, 97, 110, 104, 120), "ascending_triangle", "up"),
    "symmetrical triangle": (
        drawn(100, 90, 120, 96, 114, 102, 108, 120),
        "symmetrical_triangle",
        "up",
    ),
    "bear flag": (
        drawn(140, 150, 100, 110, 103, 113, 90, step=(10, 20, 20, 20, 20, 20)),
        "bear_flag",
        "down",
    ),
    "range": (drawn(100, 110, 100, 110, 100, 110, 107, 130), "range_breakout", "up"),
}
"""Bars, with the name and the direction of the pattern that they show."""
