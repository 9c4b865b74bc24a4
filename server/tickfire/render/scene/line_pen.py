"""A pen that draws lines as columns of whole pixels, as ``client_js/src/chart/line-pen.ts``.

The edges of a line are softened by rows in tones between its colour and the background's: nothing
is blended, so every renderer draws the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tickfire.render.scene.color import Rgb, mix, packed
from tickfire.render.scene.rects import RectBatch
from tickfire.render.scene.snap import round_half_up

STEPS: Final = 4
"""Number of tones in a soft edge; a partly covered pixel gets the nearest one."""

type Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of a pane, in device pixels, bottom exclusive."""

    top: int
    bottom: int


@dataclass(frozen=True, slots=True)
class Spans:
    """Parts of columns to cover: float64[n] each, ascending by column."""

    column: Floats
    low: Floats
    high: Floats

    def joined(self) -> Spans:
        """Return one span for each column, which covers all of its spans."""
        if not len(self.column):
            return self
        heads = np.flatnonzero(np.diff(self.column, prepend=np.nan) != 0)
        return Spans(
            self.column[heads],
            np.minimum.reduceat(self.low, heads),
            np.maximum.reduceat(self.high, heads),
        )


def segments(x0: Floats, y0: Floats, x1: Floats, y1: Floats) -> tuple[NDArray[np.intp], Spans]:
    """Return the spans of straight lines, and the line of each.

    Each goes from the middle of column x0 to that of x1 >= x0, at rows y0 and y1; columns left of
    the pane are left out.
    """
    first = np.maximum(x0, -1)
    counts = np.maximum(x1 - first + 1, 0).astype(np.intp)
    line = np.repeat(np.arange(len(x0)), counts)
    within = np.arange(len(line)) - np.repeat(np.cumsum(counts) - counts, counts)
    x: Floats = first[line] + within
    begin, end = (x0[line], y0[line]), (x1[line], y1[line])
    with np.errstate(divide="ignore", invalid="ignore"):
        left = np.where(x == begin[0], begin[1], _row_at(x - 0.5, *begin, *end))
        right = np.where(x == end[0], end[1], _row_at(x + 0.5, *begin, *end))
    return line, Spans(x, np.minimum(left, right), np.maximum(left, right))


def _row_at(x: Any, x0: Floats, y0: Floats, x1: Floats, y1: Floats) -> Any:
    return y0 + (y1 - y0) * (x - x0) / (x1 - x0)


def draw_line(
    batch: RectBatch, rows: Rows, spans: Spans, thickness: int, color: Rgb, background: Rgb
) -> None:
    """Draw the spans of one line: its edges by tone, then the line itself."""
    spans = spans.joined()
    if not len(spans.column):
        return
    upper, lower = spans.low - thickness / 2, spans.high + thickness / 2
    top, bottom = np.ceil(upper), np.floor(lower)
    above = round_half_up((top - upper) * STEPS)
    below = round_half_up((lower - bottom) * STEPS)
    top -= above == STEPS
    bottom += below == STEPS
    shape = np.stack((top, bottom, above, below))
    is_new = np.diff(spans.column, prepend=np.nan) != 1
    is_new[1:] |= (shape[:, 1:] != shape[:, :-1]).any(axis=0)
    heads = np.flatnonzero(is_new)
    start = spans.column[heads]
    width = np.diff(heads, append=len(is_new)).astype(np.float64)
    _draw_runs(batch, rows, start, width, shape[:, heads], thickness, color, background)


def _draw_runs(
    batch: RectBatch,
    rows: Rows,
    start: Floats,
    width: Floats,
    shape: Floats,
    thickness: int,
    color: Rgb,
    background: Rgb,
) -> None:
    top, bottom, above, below = shape
    edge_rows = np.stack((top - 1, bottom), axis=-1)
    steps = np.stack((above, below), axis=-1)
    inside = (edge_rows >= rows.top) & (edge_rows < rows.bottom)
    for step in range(1, STEPS):
        run, side = np.nonzero((steps == step) & inside)
        tone = packed(mix(color, background, step / STEPS))
        batch.push(start[run], edge_rows[run, side], width[run], 1, tone)
    first, last = np.maximum(top, rows.top), np.minimum(bottom, rows.bottom)
    shown = first < last
    # A steep line gets the same thickness as a flat one, measured across its direction.
    more = np.where(bottom - top > 2 * thickness, thickness - 1, 0)
    left = start - (more >> 1)
    batch.push(
        left[shown], first[shown], (width + more)[shown], (last - first)[shown], packed(color)
    )
