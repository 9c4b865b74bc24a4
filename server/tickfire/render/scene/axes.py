"""Labels of both axes and the grid lines at them, as in ``client_js/src/chart/axes.ts``."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import tzinfo
from typing import Final

import numpy as np

from tickfire.render.scene.candles import Candles
from tickfire.render.scene.color import Palette, packed
from tickfire.render.scene.geometry import Geometry
from tickfire.render.scene.rects import RectBatch
from tickfire.render.scene.scale_ticks import axis_text, scale_ticks
from tickfire.render.scene.snap import to_columns
from tickfire.render.scene.ticks import TimeTicks

PRICE_GAP_PX: Final = 46
TIME_GAP_PX: Final = 92
"""Least CSS pixels between the labels of each axis."""


@dataclass(frozen=True, slots=True)
class PriceLabel:
    """A label of a price axis: its row, in device pixels, and its text."""

    row: int
    text: str


@dataclass(frozen=True, slots=True)
class TimeLabel:
    """A label of the time axis: its column, in device pixels, and its text."""

    column: int
    text: str
    strong: bool


@dataclass(frozen=True, slots=True)
class Axes:
    """The labels of the candles' pane."""

    prices: tuple[PriceLabel, ...] = ()
    times: tuple[TimeLabel, ...] = ()


def place_axes(
    candles: Candles, geometry: Geometry, *, interval_ms: int, ratio: float, zone: tzinfo
) -> Axes:
    """Choose and place the labels of both axes; none without candles."""
    if not len(candles):
        return Axes()
    return Axes(
        _place_prices(candles, geometry, ratio),
        _place_times(candles, geometry, interval_ms, ratio, zone),
    )


def _place_prices(candles: Candles, geometry: Geometry, ratio: float) -> tuple[PriceLabel, ...]:
    prices = scale_ticks(geometry, PRICE_GAP_PX * ratio, candles.tick_units)
    return tuple(
        PriceLabel(geometry.row_of(price), axis_text(candles, geometry, price)) for price in prices
    )


def _place_times(
    candles: Candles, geometry: Geometry, interval_ms: int, ratio: float, zone: tzinfo
) -> tuple[TimeLabel, ...]:
    per = geometry.per
    ticks = TimeTicks(
        candles.time,
        geometry.first * per,
        min(geometry.last * per, len(candles)),
        interval_ms,
        geometry.slot / per / ratio,
        TIME_GAP_PX,
        zone,
    ).choose()
    buckets = np.array([tick.index // per - geometry.first for tick in ticks])
    columns = to_columns(buckets, geometry.offset, geometry.slot)
    return tuple(
        TimeLabel(int(column), tick.label, tick.strong)
        for column, tick in zip(columns, ticks, strict=True)
    )


def grid_of(axes: Axes, geometry: Geometry, palette: Palette) -> RectBatch:
    """Return the grid lines at the labels."""
    grid = RectBatch()
    wick = geometry.wick
    for label in axes.times:
        color = palette.axis_line if label.strong else palette.grid
        grid.push(label.column - (wick >> 1), 0, wick, geometry.height, packed(color))
    for price in axes.prices:
        grid.push(0, price.row, geometry.width, wick, packed(palette.grid))
    return grid
