"""Series drawn besides the candles, as in ``client_js/src/chart/series.ts``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from tickfire.render.scene.candles import Extent

PRICE_PANE: Final = "price"
"""The pane of the candles. Any other name is a pane of its own below, in the order they came."""
LARGEST: Final = 1e100
"""Larger numbers count as infinite, as in the kernels."""

type PlotKind = Literal["line", "histogram", "dots"]
type Floats = NDArray[np.float64]
type Places = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Plot:
    """One row of numbers, drawn in one way.

    Attributes
    ----------
    label : str
        Its name in the legend; empty if the title of the series suffices.
    values : float64[n]
        One per time of the series; NaN where there is nothing to draw.
    color : str
        "#rrggbb"
    kind : str
    negative : str or None
        Colour of a histogram's columns below zero.
    breaks : float64[n] or None
        The line is interrupted where this changes.
    """

    label: str
    values: Floats
    color: str
    kind: PlotKind = "line"
    negative: str | None = None
    breaks: Floats | None = None


@dataclass(frozen=True, slots=True)
class Series:
    """A series: an indicator, or any values at the times of candles.

    Attributes
    ----------
    title : str
        Its name in the legend.
    pane : str
        `PRICE_PANE`, or the name of a pane of its own.
    time : int64[n]
        Ascending, in ms since the Unix epoch.
    plots : tuple of Plot
    fill : (int, int) or None
        Two plots, by index, with the area between them filled.
    range : (float, float) or None
        Lowest and highest value of the pane's scale.
    guides : tuple of float
        Levels to mark across a pane of its own.
    """

    title: str
    pane: str
    time: NDArray[np.int64]
    plots: tuple[Plot, ...]
    fill: tuple[int, int] | None = None
    range: tuple[float, float] | None = None
    guides: tuple[float, ...] = ()


def align(time: NDArray[np.int64], candles: NDArray[np.int64]) -> Places:
    """Return the index in `time` of each candle's time, -1 where it is missing."""
    if not len(time):
        return np.full(len(candles), -1, np.intp)
    at = np.minimum(np.searchsorted(time, candles), len(time) - 1)
    return np.where(time[at] == candles, at, -1)


def drawn(values: Floats, places: Places) -> Floats:
    """Return the values at some places, NaN where there is none that can be drawn."""
    found = values[places] if len(values) else np.full(len(places), np.nan)
    with np.errstate(invalid="ignore"):
        shown = (places >= 0) & (found >= -LARGEST) & (found <= LARGEST)
    return np.where(shown, found, np.nan)


def extent_of(series: Series, places: Places) -> Extent:
    """Return the lowest and highest value of a series that can be drawn at some places."""
    low, high = np.inf, -np.inf
    for plot in series.plots:
        values = drawn(plot.values, places)
        low = min(low, float(np.fmin.reduce(values, initial=np.inf)))
        high = max(high, float(np.fmax.reduce(values, initial=-np.inf)))
        if plot.kind == "histogram" and low <= high:
            low, high = min(low, 0.0), max(high, 0.0)
    return Extent(low, high)
