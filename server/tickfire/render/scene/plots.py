"""Drawing of plots as rectangles, as in ``client_js/src/chart/plots.ts``."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tickfire.render.scene.color import Rgb, mix, packed, parse_color
from tickfire.render.scene.geometry import Geometry
from tickfire.render.scene.line_pen import Rows, Spans, draw_line, segments
from tickfire.render.scene.rects import RectBatch
from tickfire.render.scene.series import Places, Plot, Series, drawn
from tickfire.render.scene.snap import round_half_up, to_columns

FILL_SHARE: Final = 0.1
"""Share of a series' colour in its fill."""
LINE_PX: Final = 1.5
DOT_PX: Final = 3

type Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ValueScale:
    """The vertical scale of a pane: row = origin - position * scale, in device pixels.

    Positions are those of `to_position`, or the values themselves.
    """

    rows: Rows
    origin: float
    scale: float
    to_position: Callable[[Floats], Floats] | None = None


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of visible buckets of candles, and of one beyond each edge.

    Attributes
    ----------
    width : int
    per : int
    first, last : int
        The buckets, last exclusive.
    xs : float64[last - first]
        The column of the middle of each.
    body : int
    ratio : float
    """

    width: int
    per: int
    first: int
    last: int
    xs: Floats
    body: int
    ratio: float

    @classmethod
    def of(cls, geometry: Geometry, count: int, ratio: float) -> Columns:
        """Place the buckets of `count` candles."""
        per = geometry.per
        first = max(geometry.first - 1, 0)
        last = max(min(geometry.last + 1, math.ceil(count / per)), first)
        index = np.arange(first, last) - geometry.first
        xs = to_columns(index, geometry.offset, geometry.slot)
        return cls(geometry.width, per, first, last, xs, geometry.body, ratio)


@dataclass(frozen=True, slots=True)
class Reduced:
    """The values of one plot by bucket, NaN where there are none.

    Attributes
    ----------
    low, high, last : float64[n]
    breaks : float64[n] or None
        The last of the values whose change interrupts a line.
    """

    low: Floats
    high: Floats
    last: Floats
    breaks: Floats | None

    @classmethod
    def of(cls, plot: Plot, places: Places, per: int) -> Reduced:
        """Reduce a plot to buckets of `per` candles; `places` as `align` returns them."""
        breaks = None if plot.breaks is None else _last(drawn(plot.breaks, places), per)
        values = drawn(plot.values, places)
        if per == 1:
            return cls(values, values, values, breaks)
        starts = np.arange(0, len(values), per)
        if not len(starts):
            return cls(values, values, values, breaks)
        low = np.fmin.reduceat(values, starts)
        high = np.fmax.reduceat(values, starts)
        return cls(low, high, _last(values, per), breaks)


def _last(values: Floats, per: int) -> Floats:
    """Return the last value of each bucket that is not NaN."""
    if per == 1 or not len(values):
        return values
    index = np.where(np.isnan(values), -1, np.arange(len(values)))
    found = np.maximum.reduceat(index, np.arange(0, len(values), per))
    return np.where(found < 0, np.nan, values[found])


@dataclass(frozen=True, slots=True)
class PlotPainter:
    """Painter of the plots of one series on one pane."""

    columns: Columns
    scale: ValueScale
    background: Rgb

    def paint(self, batch: RectBatch, plot: Plot, reduced: Reduced) -> None:
        """Draw one plot."""
        if plot.kind == "histogram":
            self._histogram(batch, plot, reduced.last)
        elif plot.kind == "dots":
            self._dots(batch, plot, reduced.last)
        else:
            self._line(batch, plot, reduced)

    def fill(self, batch: RectBatch, series: Series, one: Reduced, other: Reduced) -> None:
        """Fill between two plots, in a faint tone of the first one's colour."""
        index = series.fill[0] if series.fill is not None else 0
        color = mix(parse_color(series.plots[index].color), self.background, FILL_SHARE)
        xs, edges = self.columns.xs, (self._rows(one.last), self._rows(other.last))
        known = ~np.isnan(edges[0][:-1] + edges[0][1:] + edges[1][:-1] + edges[1][1:])
        first = np.maximum(xs[:-1], 0)
        counts = np.minimum(xs[1:], self.columns.width) - first
        counts = np.where(known, np.maximum(counts, 0), 0).astype(np.intp)
        part = np.repeat(np.arange(len(counts)), counts)
        within = np.arange(len(part)) - np.repeat(np.cumsum(counts) - counts, counts)
        x = first[part] + within
        share = (x - xs[part]) / (xs[part + 1] - xs[part])
        rows = [edge[part] + (edge[part + 1] - edge[part]) * share for edge in edges]
        self._block(batch, x, np.minimum(*rows), 1, np.maximum(*rows), packed(color))

    def _line(self, batch: RectBatch, plot: Plot, reduced: Reduced) -> None:
        xs, last = self.columns.xs, self._rows(reduced.last)
        known = ~np.isnan(last)
        joined = known[1:] & known[:-1]
        if reduced.breaks is not None:
            joined &= reduced.breaks[1:] == reduced.breaks[:-1]
        after = np.flatnonzero(joined) + 1
        line, spans = segments(xs[after - 1], last[after - 1], xs[after], last[after])
        # Each bucket's own extent is drawn after the line that leads to it.
        alone = known.copy()
        if reduced.low is reduced.high:
            alone[1:] &= ~joined
        buckets = np.flatnonzero(alone)
        order = np.argsort(np.concatenate((2 * after[line], 2 * buckets + 1)), kind="stable")
        parts = zip(
            (spans.column, spans.low, spans.high),
            (xs, self._rows(reduced.high), self._rows(reduced.low)),
            strict=True,
        )
        merged = Spans(*(np.concatenate((a, b[buckets]))[order] for a, b in parts))
        thickness = max(int(round_half_up(LINE_PX * self.columns.ratio)), 2)
        color = parse_color(plot.color)
        draw_line(batch, self.scale.rows, merged, thickness, color, self.background)

    def _histogram(self, batch: RectBatch, plot: Plot, last: Floats) -> None:
        zero = float(self._rows(np.zeros(1))[0])
        shown = ~np.isnan(last)
        values, rows = last[shown], self._rows(last[shown])
        top = round_half_up(np.minimum(rows, zero))
        bottom = np.maximum(round_half_up(np.maximum(rows, zero)), top + 1)
        x = self.columns.xs[shown] - (self.columns.body >> 1)
        colors = (plot.color, plot.negative or plot.color)
        for color, side in zip(colors, (values >= 0, values < 0), strict=True):
            self._block(
                batch, x[side], top[side], self.columns.body, bottom[side],
                packed(parse_color(color)),
            )  # fmt: skip

    def _dots(self, batch: RectBatch, plot: Plot, last: Floats) -> None:
        size = max(int(round_half_up(DOT_PX * self.columns.ratio)), 1)
        shown = ~np.isnan(last)
        top = round_half_up(self._rows(last[shown]) - size / 2)
        x = self.columns.xs[shown] - (size >> 1)
        self._block(batch, x, top, size, top + size, packed(parse_color(plot.color)))

    def _block(
        self, batch: RectBatch, x: Floats, top: Floats, width: int, bottom: Floats, color: int
    ) -> None:
        """Draw rectangles between two rows, clipped to the pane."""
        rows = self.scale.rows
        first = np.maximum(round_half_up(top), rows.top)
        last = np.minimum(round_half_up(bottom), rows.bottom)
        shown = first < last
        batch.push(x[shown], first[shown], width, (last - first)[shown], color)

    def _rows(self, values: Floats) -> Floats:
        """Return the rows of values.

        They are clamped so far outside that the visible slope is unaffected and numbers stay
        bounded.
        """
        rows = self.scale.rows
        reach = 16 * (rows.bottom - rows.top)
        to_position = self.scale.to_position
        positions = values if to_position is None else to_position(values)
        row = self.scale.origin - positions * self.scale.scale
        return np.clip(row, rows.top - reach, rows.bottom + reach)
