"""Opaque colours."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from tickfire.render.scene.snap import round_half_up

type Rgb = tuple[int, int, int]
"""Red, green and blue, 0 to 255 each."""

_HEX: Final = re.compile(r"#([0-9a-fA-F]{6})")


@dataclass(frozen=True, slots=True)
class Palette:
    """The colours of a chart, as in ``client_js/src/chart/color.ts``."""

    background: Rgb
    grid: Rgb
    up: Rgb
    down: Rgb
    volume_up: Rgb
    volume_down: Rgb
    axis_text: Rgb
    axis_strong: Rgb
    axis_line: Rgb


def parse_color(text: str) -> Rgb:
    """Parse "#rrggbb".

    Raises
    ------
    ValueError
        The text is anything else.
    """
    found = _HEX.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"not a colour: {text}")
    red, green, blue = bytes.fromhex(found[1])
    return red, green, blue


def mix(color: Rgb, background: Rgb, share: float) -> Rgb:
    """Return `color` over `background`, at a share from 0 to 1."""
    red, green, blue = (
        int(round_half_up(below + (above - below) * share))
        for above, below in zip(color, background, strict=True)
    )
    return red, green, blue


def packed(color: Rgb) -> int:
    """Return a colour in one word, red in the lowest byte."""
    red, green, blue = color
    return red | green << 8 | blue << 16 | 0xFF000000
