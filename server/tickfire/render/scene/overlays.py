"""Drawing of all series, as in ``client_js/src/chart/overlays.ts``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from tickfire.render.scene.candles import Candles, Extent
from tickfire.render.scene.color import Palette, packed
from tickfire.render.scene.geometry import Geometry, PaneSize
from tickfire.render.scene.line_pen import Rows
from tickfire.render.scene.plots import Columns, PlotPainter, Reduced, ValueScale
from tickfire.render.scene.price_mapping import PriceMapping
from tickfire.render.scene.rects import RectBatch, Rects
from tickfire.render.scene.series import Series, align, extent_of
from tickfire.render.scene.snap import round_half_up
from tickfire.render.scene.sub_panes import PaneLayout, SubPane, on_prices, place_labels, snap_out

STRETCH: Final = 0.4
"""Maximum share of the candles' span by which series over them may stretch the price scale, in each
direction."""


def stretch(
    series: Sequence[Series],
    candles: Candles,
    extent: Extent,
    first: int,
    last: int,
    mapping: PriceMapping,
) -> Extent:
    """Return the extent of candles `first` to `last` (exclusive) stretched to lines over them.

    Extents are in positions of the mapping.
    """
    span = extent.high - extent.low
    room = span * STRETCH
    units = 10.0**candles.decimals
    low, high = extent.low, extent.high
    for each in on_prices(series):
        found = extent_of(each, align(each.time, candles.time[first:last]))
        low_at, high_at = map(mapping.to_position, (found.low * units, found.high * units))
        wanted = snap_out(Extent(low_at, high_at), span)
        low = min(low, max(wanted.low, extent.low - room))
        high = max(high, min(wanted.high, extent.high + room))
    return Extent(low, high)


@dataclass(frozen=True)
class OverlayPainter:
    """Painter of all series of a chart.

    Attributes
    ----------
    under, over : RectBatch
        Rectangles under the candles, and over them.
    """

    candles: Candles
    geometry: Geometry
    pane: PaneSize
    layout: PaneLayout
    palette: Palette
    grid: Rects
    under: RectBatch
    over: RectBatch

    def paint(self, series: Sequence[Series]) -> None:
        """Draw the series over the candles, then the panes below."""
        geometry, candles = self.geometry, self.candles
        columns = Columns.of(geometry, len(candles), self.pane.ratio)
        units = 10.0**candles.decimals
        mapping = geometry.mapping
        is_linear = mapping.kind == "linear"
        prices = ValueScale(
            Rows(0, self.layout.height),
            (geometry.top + mapping.base) * geometry.px_per_unit + geometry.wick / 2,
            (units if is_linear else 1) * geometry.px_per_unit,
            None if is_linear else lambda values: mapping.to_position(values * units),
        )
        for each in on_prices(series):
            self._paint_series(each, columns, prices, self.under)
        for sub in self.layout.panes:
            self._paint_pane(sub, columns)

    def _paint_pane(self, pane: SubPane, columns: Columns) -> None:
        over, palette, width, line = self.over, self.palette, self.pane.width, self.layout.line
        top, height = pane.rows.top, pane.rows.bottom - pane.rows.top
        over.push(0, top - line, width, line, packed(palette.axis_line))
        # Candles may extend below their pane: cover that part.
        over.push(0, top, width, height, packed(palette.background))
        for (x, y, wide, high), color in zip(self.grid["at"], self.grid["color"], strict=True):
            if y == 0 and high == self.layout.height:
                over.push(x, top, wide, height, int(color))
        for label in place_labels(pane, self.pane.ratio):
            over.push(0, label.row, width, line, packed(palette.grid))
        scale = pane.scale
        for guide in (guide for each in pane.series for guide in each.guides):
            row = round_half_up(scale.origin - guide * scale.scale)
            over.push(np.arange(0, width, 6 * line), row, 2 * line, line, packed(palette.axis_text))
        for each in pane.series:
            self._paint_series(each, columns, scale, over)

    def _paint_series(
        self, series: Series, columns: Columns, scale: ValueScale, under: RectBatch
    ) -> None:
        painter = PlotPainter(columns, scale, self.palette.background)
        first = columns.first * columns.per
        last = min(columns.last * columns.per, len(self.candles))
        places = align(series.time, self.candles.time[first:last])
        reduced = [Reduced.of(plot, places, columns.per) for plot in series.plots]
        if series.fill is not None:
            one, other = series.fill
            painter.fill(under, series, reduced[one], reduced[other])
        for plot, values in zip(series.plots, reduced, strict=True):
            painter.paint(self.over, plot, values)
