"""`Indicator`: an indicator that the server computes, for clients that compute none themselves.

It follows the candles of its instrument as a subscriber does. The state of its kernels includes all
bars but the last, which may still be running; the value of that one leaves the state unchanged.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tickfire.base.shared import Shared
from tickfire.base.units import NS_PER_MS, PRICE_SCALE, milliseconds
from tickfire.models.features.catalogue import COLUMNS, Feature
from tickfire.models.features.feature_set import FeatureSet
from tickfire.phoenix import Hub
from tickfire.server.market.candles import tracks
from tickfire.server.market.candles.series import COLUMNS as BAR_COLUMNS
from tickfire.server.market.candles.series import OPEN, START, TRADES, VOLUME, Bars
from tickfire.server.market.candles.topics import CandleTopics
from tickfire.store.schema import INTERVALS_S

HISTORY: Final = 5_000
"""Bars from which an indicator is computed."""
RESET_VALUES: Final = 500
"""Values in a ``reset`` event."""

_WIDTH: Final = TRADES + 1
"""Columns of a bar that clients see."""

type Row = tuple[int, ...]
type _Key = tuple[str, str, str]


class Indicators:
    """The indicators of a worker that have subscribers.

    Topics that name the same indicator, as ``ema`` and ``ema(20)`` do, share one.

    Parameters
    ----------
    hub : Hub
    candles : CandleTopics
    """

    def __init__(self, hub: Hub, candles: CandleTopics) -> None:
        self._hub = hub
        self._candles = candles
        self._shared = Shared[_Key, Indicator]()

    def __len__(self) -> int:
        return len(self._shared)

    def count(self) -> int:
        """Return the number of subscribers of all indicators."""
        return sum(map(self._shared.holders, self._shared))

    def hold(self, topic: str, symbol: str, interval: str, feature: Feature) -> Indicator:
        """Count a subscriber of a topic and return its indicator."""
        indicator = self._shared.hold(
            (symbol, interval, str(feature)),
            lambda: Indicator(self._hub, self._candles, symbol, interval, feature),
        )
        indicator.topics.hold(topic, lambda: topic)
        return indicator

    def release(self, indicator: Indicator, topic: str) -> None:
        """Undo `hold`."""
        indicator.topics.release(topic)
        if self._shared.release(indicator.key) is not None:
            indicator.close()


class Indicator:
    """One indicator of one instrument and interval, while it has subscribers.

    Parameters
    ----------
    hub : Hub
    candles : CandleTopics
    symbol, interval : str
        The candles from which it is computed.
    feature : Feature
        The indicator with its parameters.

    Attributes
    ----------
    key : (str, str, str)
        The symbol, the interval, and the name with all parameters.
    topics : Shared
        The topics on which its values are published.
    """

    def __init__(
        self,
        hub: Hub,
        candles: CandleTopics,
        symbol: str,
        interval: str,
        feature: Feature,
    ) -> None:
        self._hub = hub
        self._candles = candles
        self.key: _Key = symbol, interval, str(feature)
        self.topics = Shared[str, str]()
        self._symbol, self._interval = symbol, interval
        self._feature = feature
        self._candle_topic = f"candles:{symbol}:{interval}"
        self._times: list[int] = []
        self._values: list[float] = []
        self._last: Row | None = None
        self._before: Row | None = None
        self._features = FeatureSet((feature,))
        candles.hold(self._candle_topic, symbol, interval)
        hub.listen(self._candle_topic, self._on_candles)
        self._compute_all()

    def close(self) -> None:
        """Stop following the candles."""
        self._hub.unlisten(self._candle_topic, self._on_candles)
        self._candles.release(self._candle_topic)

    def values(self, limit: int) -> list[list[float | None]]:
        """Return ``[time, value]`` of the newest bars, oldest first; values may be null."""
        newest = zip(self._times[-limit:], self._values[-limit:], strict=True)
        return [[time, value if math.isfinite(value) else None] for time, value in newest]

    def as_json(self, limit: int) -> dict[str, Any]:
        """Return the join reply, with the values of up to `limit` bars."""
        return {
            "symbol": self._symbol,
            "interval": self._interval,
            "indicator": str(self._feature),
            "values": self.values(limit),
            "id": self._newest_id(),
        }

    # --- following
    def _compute_all(self) -> None:
        """Compute the values of the whole history."""
        bars = self._history()
        self._features = FeatureSet((self._feature,))
        self._last = self._before = None
        closed = self._features.push(_columns(bars[:-1]))[:, 0].tolist()
        self._times = [milliseconds(int(start)) for start in bars[:, START]]
        self._values = closed
        if len(bars):
            self._before = _row_of(bars[-2]) if len(bars) > 1 else None
            self._last = _row_of(bars[-1])
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
                self._before = self._row(self._times[-1]) or self._last  # as it was at its end
                self._features.push(_columns(np.array([self._before], np.int64)))
            self._times = [*self._times[-HISTORY:], candle["time"]]
            self._values = [*self._values[-HISTORY:], math.nan]
        elif row[0] < self._last[0]:
            if row != self._before:  # a late trade changed a bar that the state includes
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
        self._broadcast("value", payload)

    def _reset(self) -> None:
        self._compute_all()
        payload = {"values": self.values(RESET_VALUES), "id": self._newest_id()}
        self._broadcast("reset", payload)

    def _broadcast(self, event: str, payload: Mapping[str, Any]) -> None:
        for topic in self.topics:
            self._hub.local_broadcast(topic, event, payload)

    def _peek(self, bars: NDArray[np.int64]) -> float:
        return float(self._features.peek(_columns(bars))[0, 0])

    # --- candles
    def _slot(self) -> int | None:
        source = self._candles.source
        return None if source is None else source.slot_of(self._symbol)

    def _history(self) -> Bars:
        source = self._candles.source
        track = () if source is None else source.track_of(self._symbol)
        if source is None or not track:
            return np.zeros((0, BAR_COLUMNS), np.int64)
        candles = source.publisher.candles
        return tracks.history(candles, track, INTERVALS_S[self._interval], HISTORY)

    def _row(self, time_ms: int) -> Row | None:
        source, slot = self._candles.source, self._slot()
        if source is None or slot is None:
            return None
        bars = source.publisher.candles
        bar = bars.bar(slot, INTERVALS_S[self._interval], time_ms * NS_PER_MS)
        return None if bar is None else bar[:_WIDTH]

    def _newest_id(self) -> str | None:
        source, slot = self._candles.source, self._slot()
        return None if source is None or slot is None else source.id_at(slot)


def _row_of(bar: Bars) -> Row:
    return tuple(bar[:_WIDTH].tolist())


def _columns(bars: Bars) -> Mapping[str, NDArray[np.float64]]:
    """Return float64[n] of each column, prices in units of the currency."""
    prices = {name: bars[:, at] / PRICE_SCALE for at, name in enumerate(COLUMNS[:4], OPEN)}
    return {**prices, "volume": bars[:, VOLUME].astype(np.float64)}
