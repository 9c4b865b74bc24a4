"""Bars as columns: the argument of an indicator."""

from __future__ import annotations

from array import array

from .series import Series

__all__ = ["Bars"]


class Bars:
    """Bars of one symbol and interval, oldest first; the last one may still be running.

    Attributes
    ----------
    time : array of int64
        Start of each bar, in ns since the Unix epoch.
    open, high, low, close : Series
        Prices.
    volume : Series
        Traded volume of each bar.
    symbol, interval : str
        Such as ``"ESU4"`` and ``"1m"``.
    """

    __slots__ = ("close", "high", "interval", "low", "open", "symbol", "time", "volume")

    def __init__(
        self,
        time: array[int],
        open: Series,
        high: Series,
        low: Series,
        close: Series,
        volume: Series,
        symbol: str = "",
        interval: str = "",
    ) -> None:
        columns = {"open": open, "high": high, "low": low, "close": close, "volume": volume}
        for name, column in columns.items():
            if len(column) != len(time):
                raise ValueError(f"bars: {name} has {len(column)} values, time has {len(time)}")
        self.time = time
        self.open = open
        self.high = high
        self.low = low
        self.close = close
        self.volume = volume
        self.symbol = symbol
        self.interval = interval

    def __len__(self) -> int:
        """Return the number of bars."""
        return len(self.time)

    def __repr__(self) -> str:
        named = f" of {self.symbol} {self.interval}" if self.symbol else ""
        return f"<{len(self)} bars{named}>"
