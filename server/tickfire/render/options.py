"""Options of pictures: defaults, limits and their check; the same for notebook, command and URL."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any, Final
from zoneinfo import ZoneInfo

from tickfire.render.annotations import markers_of, price_lines_of
from tickfire.render.errors import ChartError
from tickfire.render.indicators.choice import parse_indicators
from tickfire.render.palettes import THEMES
from tickfire.render.picture.spec import Picture
from tickfire.render.scene.price_scale import SCALE_KINDS, ScaleKind

DEFAULT_WIDTH: Final = 1280
DEFAULT_HEIGHT: Final = 720
DEFAULT_SCALE: Final = 1.0
DEFAULT_THEME: Final = "dark"
DEFAULT_ZONE: Final = "UTC"
DEFAULT_PRICE_SCALE: Final = "linear"
MIN_WIDTH, MAX_WIDTH = 200, 4096
MIN_HEIGHT, MAX_HEIGHT = 120, 4096
MIN_SCALE, MAX_SCALE = 0.5, 4.0
MAX_SIDE: Final = 8192
"""Longest side of a picture in device pixels, which all adapters can draw."""
MAX_PIXELS: Final = 16_777_216
_UNITS_MS: Final = {"s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}
_INTERVAL: Final = re.compile(r"([1-9]\d{0,5})([smhdw])")


@dataclass(frozen=True, slots=True)
class Options:
    """Options of a picture, as a user gives them.

    Attributes
    ----------
    width, height : int
        Size in CSS pixels.
    scale : float
        Device pixels in a CSS pixel.
    theme : str
        "dark" or "light".
    indicators : str or iterable of str
        Such as ``"ema(20),macd"``.
    zone : str
        Name of the time zone of the labels.
    price_scale : str
        "linear", "log" or "percent".
    price_lines, markers : object
        See `price_lines_of` and `markers_of`.
    """

    width: int = DEFAULT_WIDTH
    height: int = DEFAULT_HEIGHT
    scale: float = DEFAULT_SCALE
    theme: str = DEFAULT_THEME
    indicators: str | Iterable[str] = ()
    zone: str = DEFAULT_ZONE
    price_scale: str = DEFAULT_PRICE_SCALE
    price_lines: Any = ()
    markers: Any = ()

    def picture(self, title: str, interval_ms: int, bars: int) -> Picture:
        """Return the picture that these options describe.

        Parameters
        ----------
        title : str
        interval_ms : int
        bars : int
            The number of newest bars to show.

        Raises
        ------
        ChartError
            An option is not valid; the message names it and its limits.
        """
        check_range("width", self.width, MIN_WIDTH, MAX_WIDTH, whole=True)
        check_range("height", self.height, MIN_HEIGHT, MAX_HEIGHT, whole=True)
        check_range("scale", self.scale, MIN_SCALE, MAX_SCALE)
        if self.theme not in THEMES:
            raise ChartError(f"theme must be {' or '.join(THEMES)}, not {self.theme}")
        width, height = round(self.width * self.scale), round(self.height * self.scale)
        if max(width, height) > MAX_SIDE or width * height > MAX_PIXELS:
            raise ChartError(
                f"scale: a picture has at most {MAX_SIDE} pixels a side and {MAX_PIXELS:,} in all, "
                f"not {width} x {height}"
            )
        return Picture(
            title=title,
            interval_ms=interval_ms,
            bars=bars,
            width=int(self.width),
            height=int(self.height),
            scale=float(self.scale),
            theme=self.theme,
            price_scale=_price_scale(self.price_scale),
            indicators=parse_indicators(self.indicators),
            zone=_zone(self.zone),
            price_lines=price_lines_of(self.price_lines),
            markers=markers_of(self.markers),
        )


def check_range(name: str, value: float, least: float, most: float, *, whole: bool = False) -> None:
    """Check a number.

    Raises
    ------
    ChartError
        It is not within the limits, or not whole where it must be.
    """
    is_number = type(value) in (int, float)
    fits = is_number and math.isfinite(value) and least <= value <= most
    if not fits or (whole and value != int(value)):
        kind = "a whole number" if whole else "a number"
        raise ChartError(f"{name} must be {kind} from {least:g} to {most:g}, not {value}")


def interval_ms(interval: str) -> int:
    """Return the length of an interval such as "15m", in ms.

    Raises
    ------
    ChartError
        The text is no interval.
    """
    found = _INTERVAL.fullmatch(interval)
    if found is None:
        raise ChartError(f'interval: "{interval}" is no interval; write 1s, 1m, 15m, 1h or 1d')
    return int(found[1]) * _UNITS_MS[found[2]]


def _price_scale(kind: str) -> ScaleKind:
    for known in SCALE_KINDS:
        if kind == known:
            return known
    raise ChartError(f"price_scale must be {' or '.join(SCALE_KINDS)}, not {kind}")


def _zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ChartError(
            f'zone: "{name}" is no time zone; write UTC or a name such as Europe/Berlin'
        ) from None
