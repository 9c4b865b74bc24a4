"""`Chart`: a chart of bars as a picture, for notebooks and scripts."""

from __future__ import annotations

import atexit
import threading
from collections.abc import Iterable
from functools import cache
from os import PathLike
from pathlib import Path
from typing import Any

from tickfire.render.bars import Bars
from tickfire.render.errors import ChartError
from tickfire.render.options import (
    DEFAULT_HEIGHT,
    DEFAULT_PRICE_SCALE,
    DEFAULT_SCALE,
    DEFAULT_THEME,
    DEFAULT_WIDTH,
    DEFAULT_ZONE,
    Options,
    interval_ms,
)
from tickfire.render.worker.client import RenderProcess

_drawing = threading.Lock()


class Chart:
    """A chart of bars, which a notebook shows as a picture.

    Parameters
    ----------
    bars : object
        A data frame, a mapping of columns, a list of mappings, one a bar, or a structured array
        with the columns of stored bars; see `Bars.of`. Columns are time, open, high, low, close
        and, where there is one, volume.
    symbol, interval : str
        Shown in the legend; the interval, such as "1m", is that of the bars by default.
    theme : str
        "dark" or "light".
    width, height : int
        Size in CSS pixels.
    scale : float
        Device pixels in a CSS pixel: 2 for a sharp picture on most screens.
    indicators : str or iterable of str
        Such as ``("ema(20)", "macd")``.
    last : int, optional
        The number of newest bars to show, all by default; indicators are computed from all bars.
    tick_size : number or str, optional
        The least price step, derived from the prices by default.
    zone : str
        Name of the time zone of the labels.
    price_scale : str
        "linear", "log" for equal ratios at equal distances, or "percent" from the first close
        shown. A log scale needs prices above 0: without, the picture is linear, and says so.
    price_lines : iterable, optional
        Prices at which to draw horizontal lines, such as ``[5530.25, 5541]``, or mappings with a
        price and any of color ("#rrggbb"), title, style ("dashed" or "solid") and width.
    markers : iterable, optional
        Marks on bars: mappings with a time and a glyph of one or two characters, and any of side
        ("above" or "below") and tone ("up", "down", "flat" or "alert").

    Raises
    ------
    ChartError
        The bars or an option are not valid.

    Examples
    --------
    >>> bars = [
    ...     {"time": "2024-07-01T13:30", "open": 5524.25, "high": 5525, "low": 5524, "close": 5525},
    ...     {"time": "2024-07-01T13:31", "open": 5525, "high": 5526.5, "low": 5525, "close": 5526},
    ... ]
    >>> chart = Chart(bars, symbol="ESU4", indicators="ema(20)")
    >>> chart
    <Chart ESU4 1m: 2 bars, 1280 x 720>
    """

    def __init__(
        self,
        bars: Any,
        *,
        symbol: str = "",
        interval: str | None = None,
        theme: str = DEFAULT_THEME,
        width: int = DEFAULT_WIDTH,
        height: int = DEFAULT_HEIGHT,
        scale: float = DEFAULT_SCALE,
        indicators: str | Iterable[str] = (),
        last: int | None = None,
        tick_size: Any = None,
        zone: str = DEFAULT_ZONE,
        price_scale: str = DEFAULT_PRICE_SCALE,
        price_lines: Any = (),
        markers: Any = (),
    ) -> None:
        self._bars = Bars.of(bars, tick_size)
        if not len(self._bars):
            raise ChartError("bars: there are none to draw")
        length_ms = self._bars.interval_ms if interval is None else interval_ms(interval)
        self._name = f"{symbol} {interval or _name_of(length_ms)}".strip()
        if last is not None and (type(last) is not int or last < 1):
            raise ChartError(f"last must be a whole number from 1, not {last}")
        options = Options(
            width, height, scale, theme, indicators, zone, price_scale, price_lines, markers
        )
        title = " · ".join(filter(None, (symbol, interval or _name_of(length_ms))))
        self._picture = options.picture(title, length_ms, last or len(self._bars))
        self._png: bytes | None = None

    def png(self) -> bytes:
        """Return the picture as a PNG.

        Raises
        ------
        RenderError
            It cannot be drawn; `NoAdapter` if the machine has nothing to draw with.
        """
        if self._png is None:
            with _drawing:
                self._png = _process().draw(self._picture, self._bars)
        return self._png

    def save(self, path: str | PathLike[str]) -> Path:
        """Write the picture to a PNG file; return its path."""
        target = Path(path)
        target.write_bytes(self.png())
        return target

    def _repr_png_(self) -> bytes:
        return self.png()

    def __repr__(self) -> str:
        picture = self._picture
        return f"<Chart {self._name}: {len(self._bars)} bars, {picture.width} x {picture.height}>"


@cache
def _process() -> RenderProcess:
    """Return the process that draws all charts of this one."""
    process = RenderProcess()
    atexit.register(process.close)
    return process


def _name_of(length_ms: int) -> str:
    """Return the name of an interval, such as "15m"."""
    for unit, size in (("w", 604_800_000), ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000)):
        if length_ms % size == 0:
            return f"{length_ms // size}{unit}"
    return f"{length_ms / 1000:g}s"
