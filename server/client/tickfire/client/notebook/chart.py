"""The chart of the npm package as a widget, whose candles come from Python."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Self

try:
    import anywidget
    import traitlets
except ModuleNotFoundError as error:
    text = f'the chart needs {error.name}: pip install "tickfire-client[notebook]"'
    raise ModuleNotFoundError(text, name=error.name) from None

from tickfire.client.market.candles import CandleStream
from tickfire.client.market.notices import Notice, Reset
from tickfire.client.market.records import Candle

_MODULE = Path(__file__).with_name("static") / "chart.js"
if not _MODULE.exists():  # in a checkout alone: every wheel has it
    raise FileNotFoundError(f"{_MODULE} is not built: run `make client`")


class Chart(anywidget.AnyWidget):
    """A candlestick chart; show it as the last expression of a cell.

    ::

        chart = Chart(symbol="ESU4", interval="1s")
        chart.follow(market.candles("ESU4", "1s", notices=True))
        chart

    Attributes
    ----------
    symbol, interval : str
        Shown in the legend; the interval is the length of a candle.
    tick_size : str
        The least price step, as a decimal text; empty: found from the prices.
    theme : str
        "dark" or "light".
    time_zone : str
        "utc", "local", or a name such as "America/New_York".
    height : int
        Height in pixels.
    """

    _esm = _MODULE

    symbol = traitlets.Unicode("").tag(sync=True)
    interval = traitlets.Unicode("1m").tag(sync=True)
    tick_size = traitlets.Unicode("").tag(sync=True)
    theme = traitlets.Enum(["dark", "light"], "dark").tag(sync=True)
    time_zone = traitlets.Unicode("utc").tag(sync=True)
    height = traitlets.Int(420, min=100).tag(sync=True)

    def __init__(self, **traits: Any) -> None:
        super().__init__(**traits)
        self._candles: dict[int, Candle] = {}
        self._following: asyncio.Task[None] | None = None
        self.on_msg(self._answer)

    @property
    def candles(self) -> list[Candle]:
        """The candles of the chart, oldest first."""
        return [self._candles[time] for time in sorted(self._candles)]

    def set_candles(self, candles: Iterable[Candle]) -> None:
        """Replace all candles."""
        self._candles = {candle.time: candle for candle in candles}
        self._send_all()

    def update(self, *candles: Candle) -> None:
        """Add candles, or put them in place of those of the same times."""
        is_newer = not self._candles or min(each.time for each in candles) >= max(self._candles)
        self._candles |= {candle.time: candle for candle in candles}
        if is_newer:
            self.send({"type": "changes", "bars": [_row(candle) for candle in candles]})
        else:
            self._send_all()

    def follow(self, stream: CandleStream) -> Self:
        """Show a stream of candles as they come, until `stop`; returns the chart itself.

        Its event loop must be running, as that of a notebook is. Make the stream with
        ``notices=True``, so that the chart begins anew where the market does.
        """
        self.stop()
        self._following = asyncio.get_running_loop().create_task(self._follow(stream))
        return self

    def stop(self) -> None:
        """Follow no more."""
        if self._following is not None:
            self._following.cancel()
            self._following = None

    async def _follow(self, stream: CandleStream) -> None:
        async for chunk in stream.chunks():
            changes: dict[int, Candle] = {}
            for item in chunk:
                if isinstance(item, Reset):
                    changes.clear()
                    self._candles.clear()
                elif not isinstance(item, Notice):
                    changes[item.time] = item
            if not self._candles:
                self.set_candles(changes.values())
            elif changes:
                self.update(*changes.values())

    def _answer(self, _: Any, content: dict[str, Any], buffers: Any) -> None:
        if content.get("type") == "ready":
            self._send_all()

    def _send_all(self) -> None:
        self.send({"type": "bars", "bars": [_row(candle) for candle in self.candles]})


def _row(candle: Candle) -> list[Any]:
    prices = (candle.open, candle.high, candle.low, candle.close)
    return [candle.time, *(format(price, "f") for price in prices), candle.volume]
