"""The colours of charts, read from the client's own file, so that there is one source."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from tickfire.render.assets import COLORS, read_asset
from tickfire.render.scene.color import Palette, Rgb, parse_color

THEMES: Final = ("dark", "light")
_NAMES: Final[Mapping[str, str]] = {
    "background": "background",
    "grid": "grid",
    "up": "up",
    "down": "down",
    "volume_up": "volumeUp",
    "volume_down": "volumeDown",
    "axis_text": "textDim",
    "axis_strong": "text",
    "axis_line": "border",
}
"""The name of each colour in a theme, as in ``client_js/src/chart/theme.ts``."""


@cache
def _colors() -> Any:
    return json.loads(read_asset(COLORS))


@cache
def palette_of(theme: str) -> Palette:
    """Return the colours of a chart in a theme."""
    colors = _colors()["themes"][theme]
    return Palette(**{name: parse_color(colors[key]) for name, key in _NAMES.items()})


@dataclass(frozen=True, slots=True)
class TextColors:
    """Colours of text beside those of a palette."""

    title: Rgb
    up: Rgb
    down: Rgb
    warn: Rgb


@cache
def text_colors(theme: str) -> TextColors:
    """Return the colours of text in a theme."""
    colors = _colors()["themes"][theme]
    names = ("textBright", "upText", "downText", "warn")
    return TextColors(*(parse_color(colors[name]) for name in names))


def line_color(index: int) -> str:
    """Return the colour of a line, given in turn."""
    lines: list[str] = _colors()["lines"]
    return lines[index % len(lines)]


def histogram_colors() -> tuple[str, str]:
    """Return the colours of a histogram's columns above and below zero."""
    colors = _colors()["histogram"]
    return colors["above"], colors["below"]
