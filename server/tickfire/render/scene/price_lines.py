"""Horizontal lines at prices, as in ``client_js/src/chart/price-lines.ts``."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from tickfire.render.scene.candles import Candles
from tickfire.render.scene.color import packed, parse_color
from tickfire.render.scene.geometry import Geometry
from tickfire.render.scene.rects import RectBatch
from tickfire.render.scene.scale_ticks import axis_text
from tickfire.render.scene.snap import round_half_up

DEFAULT_COLOR: Final = "#f59e42"
DASH_ON, DASH_PERIOD = 4, 8
"""A dash and its period, in thicknesses of the line."""

type LineStyle = Literal["solid", "dashed"]


@dataclass(frozen=True, slots=True)
class PriceLine:
    """A horizontal line at a price, with a label on the axis.

    Attributes
    ----------
    price : float
    color : str
        "#rrggbb"
    title : str
        Text before the price in the label.
    style : str
        "solid" or "dashed".
    width : float
        In CSS pixels.
    """

    price: float
    color: str = DEFAULT_COLOR
    title: str = ""
    style: LineStyle = "dashed"
    width: float = 1


@dataclass(frozen=True, slots=True)
class LineLabel:
    """The label of a price line: its row, in device pixels, text and ground."""

    row: int
    text: str
    color: str


def draw_price_lines(
    lines: Sequence[PriceLine], candles: Candles, geometry: Geometry, ratio: float, over: RectBatch
) -> None:
    """Draw the lines that are in sight, in their order."""
    width = geometry.width
    for line in lines:
        thickness = max(math.floor(line.width * ratio), 1)
        row = _row_of(line, candles, geometry) - (thickness >> 1)
        if row < 0 or row + thickness > geometry.height:
            continue
        is_solid = line.style == "solid"
        on, period = (width, width) if is_solid else (DASH_ON * thickness, DASH_PERIOD * thickness)
        color = packed(parse_color(line.color))
        over.push(np.arange(0, width, period), row, on, thickness, color)


def place_line_labels(
    lines: Sequence[PriceLine], candles: Candles, geometry: Geometry
) -> tuple[LineLabel, ...]:
    """Return the labels of the lines that are in sight."""
    labels = []
    for line in lines:
        row = _row_of(line, candles, geometry)
        if 0 <= row <= geometry.height:
            units = float(round_half_up(line.price * 10.0**candles.decimals))
            price = axis_text(candles, geometry, units)
            labels.append(LineLabel(row, f"{line.title} {price}".strip(), line.color))
    return tuple(labels)


def _row_of(line: PriceLine, candles: Candles, geometry: Geometry) -> int:
    return geometry.row_of(line.price * 10.0**candles.decimals)
