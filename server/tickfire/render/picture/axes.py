"""Axes beside the panes, as ``client_js/src/chart/axis-canvas.ts`` draws them."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Final

from PIL import ImageDraw

from tickfire.render.picture.fonts import Text, measure
from tickfire.render.scene.color import Palette
from tickfire.render.scene.scene import Layout

FONT_PX: Final = 11
PADDING_PX: Final = 8
LEAST_WIDTH_PX: Final = 56
WIDTH_STEP_PX: Final = 8
"""Minimum width of the price axis; it grows in whole steps."""
HEIGHT_PX: Final = 26
"""Height of the time axis."""


def width_for(texts: Iterable[str]) -> int:
    """Return the width, in CSS pixels, that the price axis needs for texts on it."""
    widest = max((measure(text, FONT_PX) for text in texts), default=0)
    steps = math.ceil((widest + 2 * PADDING_PX) / WIDTH_STEP_PX)
    return max(steps * WIDTH_STEP_PX, LEAST_WIDTH_PX)


def draw_axes(draw: ImageDraw.ImageDraw, text: Text, layout: Layout, palette: Palette) -> None:
    """Draw the borders of the panes and the labels of both axes."""
    image_width, image_height = draw.im.size
    pane, panes = layout.pane, layout.panes
    line = max(math.floor(pane.ratio), 1)
    color = palette.axis_line
    draw.rectangle((pane.width, 0, pane.width + line - 1, image_height), color)
    draw.rectangle((0, pane.height, image_width, pane.height + line - 1), color)
    for sub in panes.panes:
        top = sub.rows.top - panes.line
        draw.rectangle((pane.width, top, image_width, top + line - 1), color)
    _draw_prices(text, layout, palette)
    _draw_times(text, layout, palette, (pane.height + image_height) / 2)


def _draw_prices(text: Text, layout: Layout, palette: Palette) -> None:
    ratio = layout.pane.ratio
    margin = FONT_PX * ratio / 2
    bottom = layout.panes.height - margin
    shown = [label for label in layout.axes.prices if margin <= label.row <= bottom]
    for label in (*shown, *layout.pane_labels):
        x = layout.pane.width + PADDING_PX * ratio
        text.put(x, label.row, label.text, palette.axis_text, FONT_PX)


def _draw_times(text: Text, layout: Layout, palette: Palette, middle: float) -> None:
    for label in layout.axes.times:
        half = text.width(label.text, FONT_PX) / 2
        if label.column - half < 0 or label.column + half > layout.pane.width:
            continue
        color = palette.axis_strong if label.strong else palette.axis_text
        text.put(
            label.column, middle, label.text, color, FONT_PX, bold=label.strong, anchor="middle"
        )
