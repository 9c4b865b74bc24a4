"""Labels on coloured ground on the price axis: of the last price, and of price lines."""

from __future__ import annotations

from typing import Final

from PIL import ImageDraw

from tickfire.render.picture.axes import FONT_PX
from tickfire.render.picture.fonts import Text
from tickfire.render.scene.color import Rgb, parse_color
from tickfire.render.scene.contrast import ink_on
from tickfire.render.scene.price_lines import LineLabel
from tickfire.render.scene.scene import Layout

HEIGHT_PX: Final = 18
PADDING_PX: Final = 7


def draw_tag(
    draw: ImageDraw.ImageDraw,
    text: Text,
    layout: Layout,
    row: int,
    label: str,
    ground: Rgb,
    *,
    bold: bool = False,
) -> None:
    """Draw one label with its middle at a row."""
    ratio = layout.pane.ratio
    left, half = layout.pane.width + round(ratio), HEIGHT_PX * ratio / 2
    draw.rectangle((left, round(row - half), draw.im.size[0], round(row + half) - 1), ground)
    text.put(left + PADDING_PX * ratio, row, label, ink_on(ground), FONT_PX, bold=bold)


def draw_line_tags(
    draw: ImageDraw.ImageDraw, text: Text, layout: Layout, labels: tuple[LineLabel, ...]
) -> None:
    """Draw the labels of price lines."""
    for label in labels:
        draw_tag(draw, text, layout, label.row, label.text, parse_color(label.color))
