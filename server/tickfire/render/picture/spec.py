"""`Picture`: the content of a picture, as plain data."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, tzinfo

from tickfire.render.indicators.choice import Choice
from tickfire.render.scene.markers import Marker
from tickfire.render.scene.price_lines import PriceLine
from tickfire.render.scene.price_scale import ScaleKind


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
    price_scale : str
        "linear", "log" or "percent".
    indicators : tuple of Choice
    zone : tzinfo
        The time zone of the labels.
    price_lines : tuple of PriceLine
    markers : tuple of Marker
    """

    title: str
    interval_ms: int
    bars: int
    width: int
    height: int
    scale: float
    theme: str
    price_scale: ScaleKind = "linear"
    indicators: tuple[Choice, ...] = ()
    zone: tzinfo = UTC
    price_lines: tuple[PriceLine, ...] = ()
    markers: tuple[Marker, ...] = ()
