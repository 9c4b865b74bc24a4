"""Parameters of ``/chart.png``, validated. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from tickfire.render.errors import ChartError
from tickfire.render.options import (
    DEFAULT_HEIGHT,
    DEFAULT_PRICE_SCALE,
    DEFAULT_SCALE,
    DEFAULT_THEME,
    DEFAULT_WIDTH,
    DEFAULT_ZONE,
    Options,
    check_range,
)
from tickfire.render.picture.spec import Picture
from tickfire.render.scene.price_scale import SCALE_KINDS
from tickfire.store.schema import INTERVALS_S

DEFAULT_INTERVAL: Final = "1m"
DEFAULT_BARS: Final = 200
MAX_BARS: Final = 5_000
"""As many as the server keeps."""


@dataclass(frozen=True, slots=True)
class PictureRequest:
    """A picture that is asked for.

    Attributes
    ----------
    symbol, interval : str
    picture : Picture
    """

    symbol: str
    interval: str
    picture: Picture


def picture_request(symbol: str, interval: str, bars: int, options: Options) -> PictureRequest:
    """Return the request for a picture.

    Raises
    ------
    ChartError
        A parameter is not valid; the message names it and its limits.
    """
    if not symbol:
        raise ChartError("symbol is missing; write symbol=ESU4")
    if interval not in INTERVALS_S:
        raise ChartError(f'interval must be one of {", ".join(INTERVALS_S)}, not "{interval}"')
    check_range("bars", bars, 1, MAX_BARS, whole=True)
    title = f"{symbol} · {interval}"
    picture = options.picture(title, INTERVALS_S[interval] * 1_000, bars)
    return PictureRequest(symbol, interval, picture)


def parse_query(query: Mapping[str, str]) -> PictureRequest:
    """Return the request that a query makes; see docs/render.md.

    Raises
    ------
    ChartError
        A parameter is not valid; the message names it and its limits.
    """
    given = {name: value for name, value in query.items() if value != ""}
    return picture_request(
        given.get("symbol", ""),
        given.get("interval", DEFAULT_INTERVAL),
        _whole("bars", given.get("bars"), DEFAULT_BARS),
        Options(
            width=_whole("width", given.get("width"), DEFAULT_WIDTH),
            height=_whole("height", given.get("height"), DEFAULT_HEIGHT),
            scale=_ratio(given.get("scale")),
            theme=given.get("theme", DEFAULT_THEME),
            indicators=given.get("indicators", ""),
            zone=given.get("zone", DEFAULT_ZONE),
            price_scale=given.get("price_scale", DEFAULT_PRICE_SCALE),
            price_lines=parse_lines(given.get("lines", "")),
        ),
    )


def parse_lines(text: str) -> tuple[float, ...]:
    """Return the prices of lines, given as text, separated by commas.

    Raises
    ------
    ChartError
        One of them is no number.
    """
    try:
        return tuple(map(float, text.split(","))) if text else ()
    except ValueError:
        raise ChartError(f"lines must be prices, separated by commas, not {text}") from None


def _whole(name: str, text: str | None, default: int) -> int:
    if text is None:
        return default
    try:
        return int(text)
    except ValueError:
        raise ChartError(f"{name} must be a whole number, not {text}") from None


def _ratio(text: str | None) -> float:
    if text is None:
        return DEFAULT_SCALE
    if text in SCALE_KINDS:
        raise ChartError(f"scale is device pixels in a CSS pixel; write price_scale={text}")
    try:
        return float(text)
    except ValueError:
        raise ChartError(f"scale must be a number, not {text}") from None
