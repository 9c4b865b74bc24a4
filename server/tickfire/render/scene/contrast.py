"""Colours of text that can be read on a ground, as in ``client_js/src/chart/contrast.ts``."""

from __future__ import annotations

from typing import Final

from tickfire.render.scene.color import Rgb, mix

TEXT_CONTRAST: Final = 4.5
"""The contrast that text needs, by WCAG 2 at level AA."""
_BLACK: Final[Rgb] = (0, 0, 0)
_WHITE: Final[Rgb] = (255, 255, 255)
_STEPS: Final = 20


def contrast(one: Rgb, other: Rgb) -> float:
    """Return the contrast of two colours by WCAG 2, from 1 to 21."""
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def ink_on(ground: Rgb) -> Rgb:
    """Return black or white, whichever can be read better on a ground."""
    return _BLACK if contrast(_BLACK, ground) > contrast(_WHITE, ground) else _WHITE


def legible(color: Rgb, ground: Rgb) -> Rgb:
    """Return a colour as text on a ground: darker or lighter if it could not be read."""
    ink, shade = ink_on(ground), color
    for step in range(1, _STEPS + 1):
        if contrast(shade, ground) >= TEXT_CONTRAST:
            break
        shade = mix(ink, color, step / _STEPS)
    return shade


def _luminance(color: Rgb) -> float:
    red, green, blue = map(_linear, color)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(channel: int) -> float:
    share = channel / 255
    return share / 12.92 if share <= 0.04045 else float(((share + 0.055) / 1.055) ** 2.4)
