"""Text by Pillow, in its own font, so that a picture is the same on every machine.

Pillow's built-in Aileron has ASCII and little else. The minus sign and the dash are drawn as bars,
triangles and the diamond as polygons; a text with any other character is set in DejaVu Sans where
that is installed.
"""

from __future__ import annotations

import io
import math
from collections.abc import Mapping
from functools import cache
from typing import Final, Literal

from PIL import ImageDraw, ImageFont

from tickfire.render.scene.color import Rgb

_BARS: Final = {"\N{MINUS SIGN}": 0.58, "\N{EM DASH}": 0.9}
"""Characters drawn as bars, and their widths in em."""
_SHAPES: Final[Mapping[str, tuple[tuple[float, float], ...]]] = {
    "▲": ((0.05, 0), (0.72, 0), (0.385, 0.7)),
    "▼": ((0.05, 0.7), (0.72, 0.7), (0.385, 0)),
    "◆": ((0.385, -0.03), (0.72, 0.35), (0.385, 0.73), (0.05, 0.35)),
}
"""Characters drawn as polygons: their corners in em, right of their left side and above the
baseline."""
_SHAPE_WIDTH: Final = 0.77
_MIDDLE_DOT: Final = "\N{MIDDLE DOT}"
_BAR_SIDE: Final = 0.07
"""Space at each side of a bar, in em."""
_BAR_HEIGHT: Final = 0.32
"""Height of a bar above the baseline, in em."""
_CAP_HEIGHT: Final = 0.71
"""Height of a capital letter, in em."""
_BOLD_STROKE: Final = 0.022
"""Width by which bold text is widened, in em."""
_FALLBACK: Final = "DejaVuSans.ttf"

type Anchor = Literal["left", "middle"]


class Text:
    """Setter of text on one image; positions and sizes are in device pixels.

    Parameters
    ----------
    draw : ImageDraw.ImageDraw
    ratio : float
        Device pixels in a CSS pixel, in which font sizes are given.
    """

    def __init__(self, draw: ImageDraw.ImageDraw, ratio: float) -> None:
        self._draw = draw
        self._ratio = ratio

    def width(self, text: str, size: float) -> float:
        """Return the width of a text."""
        return measure(text, size * self._ratio)

    def put(
        self,
        x: float,
        middle: float,
        text: str,
        color: Rgb,
        size: float,
        *,
        bold: bool = False,
        anchor: Anchor = "left",
    ) -> float:
        """Set a text with the middle of its capitals at a row; return its right end."""
        em = size * self._ratio
        if anchor == "middle":
            x -= measure(text, em) / 2
        baseline = round(middle + em * _CAP_HEIGHT / 2)
        stroke = em * _BOLD_STROKE if bold else 0
        for part in _parts(text):
            if part in _BARS:
                self._bar(x, baseline, part, color, em)
            elif part in _SHAPES:
                corners = [(x + right * em, baseline - up * em) for right, up in _SHAPES[part]]
                self._draw.polygon(corners, color)
            else:
                font = _font(em, _is_covered(part))
                self._draw.text(
                    (round(x), baseline), part, color, font, anchor="ls", stroke_width=stroke
                )
            x += measure(part, em)
        return x

    def _bar(self, x: float, baseline: int, kind: str, color: Rgb, em: float) -> None:
        thickness = max(round(em * 0.08), 1)
        top = round(baseline - em * _BAR_HEIGHT - thickness / 2)
        left, right = x + em * _BAR_SIDE, x + em * (_BARS[kind] - _BAR_SIDE)
        self._draw.rectangle((round(left), top, round(right) - 1, top + thickness - 1), color)


@cache
def measure(text: str, em: float) -> float:
    """Return the width of a text whose font size is `em` pixels."""
    return sum(_measure_part(part, em) for part in _parts(text))


def _measure_part(part: str, em: float) -> float:
    if part in _BARS:
        return _BARS[part] * em
    if part in _SHAPES:
        return _SHAPE_WIDTH * em
    return _font(em, _is_covered(part)).getlength(part)


def _parts(text: str) -> list[str]:
    """Split a text into characters that are drawn and what is between them."""
    parts: list[str] = []
    for character in text:
        if _is_drawn(character) or not parts or _is_drawn(parts[-1]):
            parts.append(character)
        else:
            parts[-1] += character
    return parts


def _is_drawn(part: str) -> bool:
    return part in _BARS or part in _SHAPES


def _is_covered(text: str) -> bool:
    return all(" " <= character <= "~" or character == _MIDDLE_DOT for character in text)


@cache
def _font(em: float, is_covered: bool) -> ImageFont.FreeTypeFont:
    if not is_covered:
        try:
            return ImageFont.truetype(_FALLBACK, em, layout_engine=ImageFont.Layout.BASIC)
        except OSError:
            pass  # it is not installed: the font has a box for characters that it lacks
    return ImageFont.truetype(_builtin(), em, layout_engine=ImageFont.Layout.BASIC)


def _builtin() -> io.BytesIO:
    built_in = ImageFont.load_default(math.pi)
    assert isinstance(built_in, ImageFont.FreeTypeFont), "Pillow was built without FreeType"
    data = built_in.font_bytes
    assert data is not None
    return io.BytesIO(data)
