"""Legends in the corners of the panes, and the label of the last price, as on the page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from PIL import ImageDraw

from tickfire.render.palettes import TextColors
from tickfire.render.picture.fonts import Text
from tickfire.render.picture.tags import draw_tag
from tickfire.render.scene.candles import Candles
from tickfire.render.scene.color import Palette, Rgb, parse_color
from tickfire.render.scene.contrast import legible
from tickfire.render.scene.decimals import compact, percent
from tickfire.render.scene.scale_ticks import axis_text
from tickfire.render.scene.scene import Layout
from tickfire.render.scene.series import Series
from tickfire.render.scene.sub_panes import format_value, on_prices

FONT_PX: Final = 12
LINE_PX: Final = 17
LEFT_PX: Final = 12
TOP_PX: Final = 9
"""Place of the legend in the candles' pane."""
PANE_TOP_PX: Final = 5
"""Distance of the legend of another pane from its top."""
GAP_PX: Final = 10
VALUE_GAP_PX: Final = 8
KEY_GAP_PX: Final = 4
MAX_PANE_DECIMALS: Final = 4


class Legends:
    """Writer of the legends of one picture.

    Parameters
    ----------
    draw, text
        The image, and the setter of its text.
    layout : Layout
    candles : Candles
    palette : Palette
    colors : TextColors
    """

    def __init__(
        self,
        draw: ImageDraw.ImageDraw,
        text: Text,
        layout: Layout,
        candles: Candles,
        palette: Palette,
        colors: TextColors,
    ) -> None:
        self._draw, self._text = draw, text
        self._layout, self._candles = layout, candles
        self._palette, self._colors = palette, colors
        self._ratio = layout.pane.ratio

    def write(self, title: str, series: Sequence[Series]) -> None:
        """Write the legends of all panes, and the label of the last price."""
        middle = (TOP_PX + LINE_PX / 2) * self._ratio
        self._write_title(title, middle)
        fault = self._layout.geometry.fault
        if fault is not None:
            middle += LINE_PX * self._ratio
            self._text.put(LEFT_PX * self._ratio, middle, fault, self._colors.warn, FONT_PX)
        decimals = self._candles.decimals
        for each in on_prices(series):
            middle += LINE_PX * self._ratio
            self._write_series(each, middle, decimals)
        for pane in self._layout.panes.panes:
            middle = pane.rows.top + (PANE_TOP_PX + LINE_PX / 2) * self._ratio
            for each in pane.series:
                self._write_series(each, middle, min(pane.reading_decimals, MAX_PANE_DECIMALS))
                middle += LINE_PX * self._ratio
        if len(self._candles):
            self._write_last()

    def _write_title(self, title: str, middle: float) -> None:
        put, ratio = self._text.put, self._ratio
        x = put(LEFT_PX * ratio, middle, title, self._colors.title, FONT_PX, bold=True)
        if not len(self._candles):
            return
        for key, value in self._figures().items():
            x += GAP_PX * ratio
            if key:
                x = put(x, middle, key, self._palette.axis_text, FONT_PX) + KEY_GAP_PX * ratio
            if x + self._text.width(value, FONT_PX) > self._layout.pane.width:
                return
            x = put(x, middle, value, self._trend, FONT_PX)

    def _figures(self) -> Mapping[str, str]:
        candles = self._candles
        prices = (candles.open, candles.high, candles.low, candles.close)
        figures = {
            key: candles.format(column[-1]) for key, column in zip("OHLC", prices, strict=True)
        }
        before = candles.close[-2] if len(candles) > 1 else candles.open[-1]
        change = (candles.close[-1] - before) / abs(before) if before else None
        shown = "" if change is None else percent(float(change))
        return {**figures, "V": compact(float(candles.volume[-1])), "": shown}

    @property
    def _trend(self) -> Rgb:
        is_up = self._candles.close[-1] >= self._candles.open[-1]
        return self._colors.up if is_up else self._colors.down

    def _write_series(self, series: Series, middle: float, decimals: int) -> None:
        put, ratio = self._text.put, self._ratio
        x = put(LEFT_PX * ratio, middle, series.title, self._palette.axis_strong, FONT_PX)
        for plot in series.plots:
            x += VALUE_GAP_PX * ratio
            if plot.label:
                label = self._palette.axis_text
                x = put(x, middle, plot.label, label, FONT_PX) + KEY_GAP_PX * ratio
            value = format_value(float(plot.values[-1]), decimals)
            color = legible(parse_color(plot.color), self._palette.background)
            x = put(x, middle, value, color, FONT_PX)

    def _write_last(self) -> None:
        """Write the last price on the price axis, if it is in sight."""
        candles, layout = self._candles, self._layout
        row = layout.geometry.row_of(candles.close[-1])
        if not 0 <= row <= layout.panes.height:
            return
        price = axis_text(candles, layout.geometry, candles.close[-1])
        draw_tag(self._draw, self._text, layout, row, price, self._trend, bold=True)
