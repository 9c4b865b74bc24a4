"""The colours of the themes, read from the page's own style sheet, so that there is one source."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Final

from tickfire.render.assets import TOKENS, read_asset
from tickfire.render.scene.color import Palette, Rgb, parse_color

THEMES: Final = ("dark", "light")
VARIABLES: Final[Mapping[str, str]] = {
    "background": "--chart-background",
    "grid": "--chart-grid",
    "up": "--up",
    "down": "--down",
    "volume_up": "--volume-up",
    "volume_down": "--volume-down",
    "axis_text": "--text-dim",
    "axis_strong": "--text",
    "axis_line": "--border",
}
"""The custom property of each colour, as in ``client_js/src/chart/color.ts``."""
_RULE: Final = re.compile(r':root(?:\[data-theme="(\w+)"\])?\s*\{([^}]*)\}')
_DECLARATION: Final = re.compile(r"(--[\w-]+):\s*(#[0-9a-fA-F]{6})\s*;")


@cache
def colors_of(theme: str) -> Mapping[str, Rgb]:
    """Return the colours of a theme by the names of their custom properties."""
    found: dict[str, Rgb] = {}
    for selected, body in _RULE.findall(read_asset(TOKENS)):
        if selected in ("", theme):
            found |= {name: parse_color(value) for name, value in _DECLARATION.findall(body)}
    return found


@cache
def palette_of(theme: str) -> Palette:
    """Return the colours of a chart in a theme."""
    colors = colors_of(theme)
    return Palette(**{name: colors[variable] for name, variable in VARIABLES.items()})
