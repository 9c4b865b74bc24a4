"""`Picture`: a whole chart of given bars, as an image."""

from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import UTC, tzinfo
from typing import Final

from PIL import Image, ImageDraw

from tickfire.render.bars import Bars
from tickfire.render.gpu.renderer import Renderer
from tickfire.render.indicators.choice import Choice
from tickfire.render.indicators.series import series_of
from tickfire.render.palettes import palette_of, title_color
from tickfire.render.picture.axes import HEIGHT_PX, LEAST_WIDTH_PX, draw_axes, width_for
from tickfire.render.picture.fonts import Text
from tickfire.render.picture.legend import Legends
from tickfire.render.scene.candles import Candles
from tickfire.render.scene.geometry import PaneSize, View
from tickfire.render.scene.scene import Layout, arrange, paint
from tickfire.render.scene.series import Series

FOLLOW_MARGIN: Final = 6
"""Bars of blank space right of the newest candle."""
MIN_FITTED: Final = 20
"""A picture of fewer candles is laid out as if it had this many."""
COMPRESSION: Final = 1
"""Level of zlib: higher ones take longer than drawing, and save little."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture to draw.

    Attributes
    ----------
    title : str
        Text in the corner, such as the symbol and the interval.
    interval_ms : int
        The length of a bar.
    bars : int
        The number of newest bars to show; indicators are computed from all.
    width, height : int
        Size in CSS pixels.
    scale : float
        Device pixels in a CSS pixel.
    theme : str
        "dark" or "light".
    indicators : tuple of Choice
    zone : tzinfo
        The time zone of the labels.
    """

    title: str
    interval_ms: int
    bars: int
    width: int
    height: int
    scale: float
    theme: str
    indicators: tuple[Choice, ...] = ()
    zone: tzinfo = UTC

    def draw(self, bars: Bars, renderer: Renderer) -> Image.Image:
        """Draw the picture, an RGB image."""
        candles = Candles.of(bars.time, bars.prices, bars.volume, bars.tick_size)
        series = series_of(self.indicators, candles)
        layout = self._arrange(candles, series)
        palette = palette_of(self.theme)
        panes = renderer.draw(paint(candles, layout, palette, series))
        size = (round(self.width * self.scale), round(self.height * self.scale))
        image = Image.new("RGB", size, palette.background)
        image.paste(Image.fromarray(panes).convert("RGB"))
        draw = ImageDraw.Draw(image)
        text = Text(draw, self.scale)
        draw_axes(draw, text, layout, palette)
        bright = title_color(self.theme)
        Legends(draw, text, layout, candles, palette, bright).write(self.title, series)
        return image

    def _arrange(self, candles: Candles, series: tuple[Series, ...]) -> Layout:
        """Lay out the panes beside a price axis that is wide enough for its labels."""
        axis_width = LEAST_WIDTH_PX
        while True:
            layout = self._arrange_beside(candles, series, axis_width)
            wanted = width_for((*layout.axes.prices, *layout.pane_labels))
            if wanted <= axis_width:
                return layout
            axis_width = wanted

    def _arrange_beside(
        self, candles: Candles, series: tuple[Series, ...], axis_width: int
    ) -> Layout:
        scale = self.scale
        width, height = max(self.width - axis_width, 1), max(self.height - HEIGHT_PX, 1)
        pane = PaneSize(round(width * scale), round(height * scale), scale)
        shown = self.bars if len(candles) >= self.bars else max(len(candles), MIN_FITTED)
        spacing = pane.width / scale / (shown + FOLLOW_MARGIN)
        return arrange(
            candles,
            View(spacing, FOLLOW_MARGIN),
            pane,
            series,
            interval_ms=self.interval_ms,
            zone=self.zone,
        )


def png_of(image: Image.Image) -> bytes:
    """Return an image as a PNG."""
    out = io.BytesIO()
    image.save(out, "PNG", compress_level=COMPRESSION)
    return out.getvalue()
