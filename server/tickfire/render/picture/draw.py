"""Drawing of a whole picture: panes by the GPU, axes and text by Pillow."""

from __future__ import annotations

from datetime import UTC
from typing import Final

from PIL import Image, ImageDraw

from tickfire.render.bars import Bars
from tickfire.render.gpu.renderer import Pixels, Renderer
from tickfire.render.indicators.series import series_of
from tickfire.render.palettes import palette_of, text_colors
from tickfire.render.picture.axes import HEIGHT_PX, LEAST_WIDTH_PX, draw_axes, width_for
from tickfire.render.picture.fonts import Text
from tickfire.render.picture.legend import Legends
from tickfire.render.picture.markers import draw_markers
from tickfire.render.picture.spec import Picture
from tickfire.render.picture.tags import draw_line_tags
from tickfire.render.scene.candles import Candles
from tickfire.render.scene.color import Palette
from tickfire.render.scene.geometry import PaneSize, View
from tickfire.render.scene.markers import place_markers
from tickfire.render.scene.price_lines import place_line_labels
from tickfire.render.scene.scene import Layout, arrange, paint
from tickfire.render.scene.series import Series

FOLLOW_MARGIN: Final = 6
"""Bars of blank space right of the newest candle."""
DAY_MS: Final = 86_400_000
MIN_FITTED: Final = 20
"""A picture of fewer candles is laid out as if it had this many."""


def draw_picture(picture: Picture, bars: Bars, renderer: Renderer) -> Image.Image:
    """Draw a picture of bars."""
    candles = Candles.of(bars.time, bars.prices, bars.volume, bars.tick_size)
    series = series_of(picture.indicators, candles)
    layout = _arrange(picture, candles, series)
    palette = palette_of(picture.theme)
    lines = picture.price_lines
    panes = renderer.draw(paint(candles, layout, palette, series, lines))
    image = _beside_axes(picture, panes, palette)
    draw = ImageDraw.Draw(image)
    text = Text(draw, picture.scale)
    draw_axes(draw, text, layout, palette)
    colors = text_colors(picture.theme)
    geometry = layout.geometry
    markers = place_markers(picture.markers, candles, geometry, picture.interval_ms)
    draw_markers(text, layout, markers, palette, colors)
    draw_line_tags(draw, text, layout, place_line_labels(lines, candles, geometry))
    legends = Legends(draw, text, layout, candles, palette, colors)
    legends.write(picture.title, series)
    return image


def _beside_axes(picture: Picture, panes: Pixels, palette: Palette) -> Image.Image:
    """Return the panes in the corner of the whole picture."""
    width, height = round(picture.width * picture.scale), round(picture.height * picture.scale)
    whole = Image.new("RGBA", (width, height), palette.background)
    whole.paste(Image.fromarray(panes))
    return whole


def _arrange(picture: Picture, candles: Candles, series: tuple[Series, ...]) -> Layout:
    """Lay out the panes beside a price axis that is wide enough for its labels."""
    axis_width = LEAST_WIDTH_PX
    while True:
        layout = _arrange_beside(picture, candles, series, axis_width)
        tags = place_line_labels(picture.price_lines, candles, layout.geometry)
        labels = (*layout.axes.prices, *layout.pane_labels)
        wanted = width_for((*(each.text for each in labels), *(tag.text for tag in tags)))
        if wanted <= axis_width:
            return layout
        axis_width = wanted


def _arrange_beside(
    picture: Picture, candles: Candles, series: tuple[Series, ...], axis_width: int
) -> Layout:
    scale = picture.scale
    width, height = max(picture.width - axis_width, 1), max(picture.height - HEIGHT_PX, 1)
    pane = PaneSize(round(width * scale), round(height * scale), scale)
    shown = picture.bars if len(candles) >= picture.bars else max(len(candles), MIN_FITTED)
    spacing = pane.width / scale / (shown + FOLLOW_MARGIN)
    return arrange(
        candles,
        View(spacing, FOLLOW_MARGIN, picture.price_scale),
        pane,
        series,
        interval_ms=picture.interval_ms,
        # Daily bars bear the date of their trading day, wherever they are looked at.
        zone=picture.zone if picture.interval_ms < DAY_MS else UTC,
    )
