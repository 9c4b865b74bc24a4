"""Indicators that the server computes, for clients that have none of their own.

An indicator follows the candles of its instrument as any subscriber does. Its state stands behind
the last bar but one; the last bar, which may still run, is looked at without being taken.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from tickfire.base.units import PRICE_SCALE, milliseconds
from tickfire.models.features.catalogue import COLUMNS, Feature
from tickfire.models.features.feature_set import FeatureSet
from tickfire.server.market.candles.series import Bars
from tickfire.store.schema import INTERVALS_S

if TYPE_CHECKING:
    from tickfire.server.market.market import Market

HISTORY: Final = 5_000
"""Bars that an indicator looks back."""
RESET_VALUES: Final = 500

type Row = tuple[int, ...]


class Indicator:
    """One indicator of one instrument and interval, while it has subscribers.

    Parameters
    ----------
    market : Market
    topic : str
        Where its values are published.
    symbol, interval : str
        Whose candles it follows.
    feature : Feature
    """

    def __init__(
        self, market: Market, topic: str, symbol: str, interval: str, feature: Feature
    ) -> None:
        self.subscribers = 0
        self._market = market
        self._topic, self._symbol, self._interval = topic, symbol, interval
        self._feature = feature
        self._candles = f"candles:{symbol}:{interval}"
        self._times: list[int] = []
        self._values: list[float] = []
        self._last: Row | None = None
        self._before: Row | None = None
        self._features = FeatureSet((feature,))
        market.listen_to_candles(self._candles, symbol, interval)
        market.hub.listen(self._candles, self._on_candles)
        self._begin()

    def close(self) -> None:
        """Stop following."""
        self._market.hub.unlisten(self._candles, self._on_candles)
        self._market.leave_candles(self._candles)

    def values(self, limit: int) -> list[list[float | None]]:
        """Return ``[time, value]`` of the newest bars, oldest first; null where there is none."""
        newest = zip(self._times[-limit:], self._values[-limit:], strict=True)
        return [[time, value if math.isfinite(value) else None] for time, value in newest]

    def as_json(self, limit: int) -> dict[str, Any]:
        """Return what a join is answered with."""
        return {
            "symbol": self._symbol,
            "interval": self._interval,
            "indicator": str(self._feature),
            "values": self.values(limit),
            "id": self._place(),
        }

    # --- following
    def _begin(self) -> None:
        """Compute everything anew."""
        bars = self._history()
        self._features = FeatureSet((self._feature,))
        self._last = self._before = None
        closed = self._features.push(_columns(bars[:-1]))[:, 0].tolist()
        self._times = [milliseconds(int(start)) for start in bars[:, 0]]
        self._values = closed
        if len(bars):
            self._before = tuple(bars[-2].tolist()) if len(bars) > 1 else None
            self._last = tuple(bars[-1].tolist())
            self._values = [*closed, self._peek(bars[-1:])]

    def _on_candles(self, topic: str, event: str, payload: Any) -> None:
        if event == "reset":
            self._reset()
        elif event == "candle":
            self._on_candle(payload)

    def _on_candle(self, candle: Mapping[str, Any]) -> None:
        row = self._row(candle["time"])
        if row is None:
            return
        if self._last is None or row[0] > self._last[0]:
            if self._last is not None:
                self._before = self._row(self._times[-1]) or self._last  # as it ended
                self._features.push(_columns(np.array([self._before], np.int64)))
            self._times = [*self._times[-HISTORY:], candle["time"]]
            self._values = [*self._values[-HISTORY:], math.nan]
        elif row[0] < self._last[0]:
            if row != self._before:  # a late trade changed what was built on
                self._reset()
            return
        self._last = row
        value = self._values[-1] = self._peek(np.array([row], np.int64))
        payload = {
            "symbol": self._symbol,
            "interval": self._interval,
            "indicator": str(self._feature),
            "time": candle["time"],
            "value": value if math.isfinite(value) else None,
            "closed": candle["closed"],
            "id": candle["id"],
        }
        self._market.hub.local_broadcast(self._topic, "value", payload)

    def _reset(self) -> None:
        self._begin()
        payload = {"values": self.values(RESET_VALUES), "id": self._place()}
        self._market.hub.local_broadcast(self._topic, "reset", payload)

    def _peek(self, bars: NDArray[np.int64]) -> float:
        return float(self._features.peek(_columns(bars))[0, 0])

    # --- what the market knows
    def _history(self) -> Bars:
        slot = self._slot()
        live = self._market.live
        if live is None or slot is None:
            return np.zeros((0, 7), np.int64)
        return live.data.candles.history(slot, INTERVALS_S[self._interval], HISTORY)

    def _row(self, time_ms: int) -> Row | None:
        live, slot = self._market.live, self._slot()
        if live is None or slot is None:
            return None
        start = time_ms * 1_000_000
        bar = live.data.candles.bar(slot, INTERVALS_S[self._interval], start)
        return None if bar is None else tuple(bar[:7])

    def _slot(self) -> int | None:
        live = self._market.live
        listing = None if live is None else live.data.instruments.find(self._symbol)
        return None if listing is None else listing.slot

    def _place(self) -> str | None:
        live = self._market.live
        listing = None if live is None else live.data.instruments.find(self._symbol)
        return None if live is None or listing is None else str(live.data.place_of(listing))


def _columns(bars: Bars) -> Mapping[str, NDArray[np.float64]]:
    """Return float64[n] of each column, prices in units of the instrument."""
    prices = {name: bars[:, at] / PRICE_SCALE for at, name in enumerate(COLUMNS[:4], 1)}
    return {**prices, "volume": bars[:, 5].astype(np.float64)}
