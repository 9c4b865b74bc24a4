"""Marks above and below candles, as the page shows them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from tickfire.render.palettes import TextColors
from tickfire.render.picture.fonts import Text
from tickfire.render.scene.color import Palette, Rgb
from tickfire.render.scene.markers import MarkerLabel, Side, Tone
from tickfire.render.scene.scene import Layout

FONT_PX: Final = 10
LEFT_PX: Final = -5
"""Distance of the text from the middle of its candle."""
_MIDDLE_PX: Final[Mapping[Side, float]] = {"above": -10, "below": 10}
_ALERT_MIDDLE_PX: Final = -24
"""Distance of the middle of the text from the candle's high or low."""


def draw_markers(
    text: Text,
    layout: Layout,
    markers: tuple[MarkerLabel, ...],
    palette: Palette,
    colors: TextColors,
) -> None:
    """Draw the markers that are within the candles' pane."""
    ratio = layout.pane.ratio
    tones: Mapping[Tone, Rgb] = {
        "up": colors.up, "down": colors.down, "flat": palette.axis_text, "alert": colors.warn
    }  # fmt: skip
    for marker in markers:
        is_alert = marker.tone == "alert"
        away = _ALERT_MIDDLE_PX if is_alert else _MIDDLE_PX[marker.side]
        middle = marker.row + away * ratio
        half = FONT_PX * ratio / 2
        if middle - half < 0 or middle + half > layout.panes.height:
            continue
        text.put(
            marker.column + LEFT_PX * ratio, middle, marker.text, tones[marker.tone], FONT_PX,
            bold=is_alert,
        )  # fmt: skip
