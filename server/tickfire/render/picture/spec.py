"""`Picture`: what a picture shows, as plain data."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, tzinfo

from tickfire.render.indicators.choice import Choice


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
