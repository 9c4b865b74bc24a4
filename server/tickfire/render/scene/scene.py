"""`Scene`: one frame as plain data, made from candles, view, series and colours."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, tzinfo
from functools import partial
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tickfire.render.scene.axes import Axes, PriceLabel, grid_of, place_axes
from tickfire.render.scene.candles import Candles
from tickfire.render.scene.color import Palette, Rgb
from tickfire.render.scene.geometry import Geometry, PaneSize, View, lay_out
from tickfire.render.scene.overlays import OverlayPainter, stretch
from tickfire.render.scene.price_lines import PriceLine, draw_price_lines
from tickfire.render.scene.price_mapping import records_of, to_record
from tickfire.render.scene.rects import RectBatch, Rects
from tickfire.render.scene.series import Series
from tickfire.render.scene.sub_panes import PaneLayout, divide_panes, fit_pane, place_labels

OVERSCAN_PX: Final = 8
"""Maximum distance of a row outside the pane, beyond which it is clamped."""
DASH_ON, DASH_PERIOD = 3, 6
"""A dash of the last price's line and its period, in thicknesses of the line."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Places of everything in a frame, before it is drawn.

    Attributes
    ----------
    pane : PaneSize
        All panes together.
    geometry : Geometry
    panes : PaneLayout
    axes : Axes
    pane_labels : tuple of PriceLabel
        Labels of the panes below the candles.
    """

    pane: PaneSize
    geometry: Geometry
    panes: PaneLayout
    axes: Axes
    pane_labels: tuple[PriceLabel, ...]


@dataclass(frozen=True, slots=True)
class Scene:
    """All that a renderer needs to draw one frame, as in ``client_js/src/chart/scene.ts``.

    Attributes
    ----------
    width, height : int
        Size in device pixels.
    view : float32[40]
        The View uniform; candles.wgsl says what each number is.
    background : Rgb
    under, over : RECT[n]
        Rectangles under the candles, the grid first; and those above everything.
    records : float32[n, 5]
        The candles.
    per : int
        Candles in one bucket.
    first, last : int
        The buckets to draw, last exclusive.
    dashes : int
        Dashes of the last price's line, 0 for no line.
    """

    width: int
    height: int
    view: NDArray[np.float32]
    background: Rgb
    under: Rects
    over: Rects
    records: NDArray[np.float32]
    per: int
    first: int
    last: int
    dashes: int


def arrange(
    candles: Candles,
    view: View,
    pane: PaneSize,
    series: Sequence[Series] = (),
    *,
    interval_ms: int,
    zone: tzinfo = UTC,
) -> Layout:
    """Lay out one frame.

    Parameters
    ----------
    candles : Candles
    view : View
        The visible part.
    pane : PaneSize
        All panes together, without the axes.
    series : sequence of Series
    interval_ms : int
        The length of a bar.
    zone : tzinfo
        The time zone of the labels.
    """
    panes = divide_panes(series, pane)
    room = replace(pane, height=panes.height)
    geometry = lay_out(candles, view, room, partial(stretch, series, candles))
    first, last = geometry.first * geometry.per, min(geometry.last * geometry.per, len(candles))
    fitted = tuple(fit_pane(sub, candles, first, last) for sub in panes.panes)
    return Layout(
        pane,
        geometry,
        replace(panes, panes=fitted),
        place_axes(candles, geometry, interval_ms=interval_ms, ratio=pane.ratio, zone=zone),
        tuple(label for sub in fitted for label in place_labels(sub, pane.ratio)),
    )


def paint(
    candles: Candles,
    layout: Layout,
    palette: Palette,
    series: Sequence[Series] = (),
    lines: Sequence[PriceLine] = (),
) -> Scene:
    """Draw a frame as a scene."""
    pane, geometry = layout.pane, layout.geometry
    grid = grid_of(layout.axes, geometry, palette).rects()
    under, over = RectBatch(), RectBatch()
    OverlayPainter(candles, geometry, pane, layout.panes, palette, grid, under, over).paint(series)
    draw_price_lines(lines, candles, geometry, pane.ratio, over)
    view, dashes = fill_view(candles, geometry, pane.height, palette)
    return Scene(
        width=pane.width,
        height=pane.height,
        view=view,
        background=palette.background,
        under=np.concatenate((grid, under.rects())),
        over=over.rects(),
        records=records_of(candles, geometry.mapping),
        per=geometry.per,
        first=geometry.first,
        last=geometry.last,
        dashes=dashes,
    )


def fill_view(
    candles: Candles, geometry: Geometry, canvas_height: int, palette: Palette
) -> tuple[NDArray[np.float32], int]:
    """Return the View uniform, and the number of dashes of the last price's line."""
    width, height, wick = geometry.width, geometry.height, geometry.wick
    has_price = len(candles) > 0
    price = to_record(geometry.mapping, candles.close[-1]) if has_price else 0
    rising = not has_price or candles.close[-1] >= candles.open[-1]
    numbers = [
        *(width, canvas_height, 2 / width, 2 / canvas_height),
        *(geometry.offset, geometry.slot, geometry.body, -(wick >> 1)),
        *(geometry.top, geometry.px_per_unit, 0, wick),
        *(geometry.px_per_volume, height, -OVERSCAN_PX, height + OVERSCAN_PX),
        *(price, DASH_ON * wick, DASH_PERIOD * wick, wick),
    ]
    colors = (
        *(palette.up, palette.down, palette.volume_up, palette.volume_down),
        palette.up if rising else palette.down,
    )
    for red, green, blue in colors:
        numbers += (red / 255, green / 255, blue / 255, 1)
    dashes = math.ceil(width / (DASH_PERIOD * wick)) if has_price else 0
    return np.array(numbers, np.float64).astype(np.float32), dashes
