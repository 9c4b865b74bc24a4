"""`TraceSampler`: the time that ticks take from hop to hop, sampled for clients and metrics."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any, Final

import numpy as np

from tickfire.base.recent import Quantiles, Recent
from tickfire.base.units import NS_PER_MS, NS_PER_S, decimal
from tickfire.phoenix import Hub
from tickfire.server.market.epoch.data import MarketData
from tickfire.server.metrics import HOPS, Metrics
from tickfire.store.entries import TickEntry
from tickfire.store.schema import TICK_TRADE, Stream

TRACE: Final = "pipeline:trace"
STAMPS: Final = ("received", "parsed", "written", "read", "encoded", "sent")
"""Stamps of a tick in their order; the times between them are `HOPS`."""
TRACES_PER_S: Final = 4
SAMPLES_PER_S: Final = 100
"""Samples for the histogram and the quantiles of hops."""
WITHOUT_TRADE_NS: Final = 1000 * NS_PER_MS
"""Time without a trade after which another kind of tick is traced."""


class TraceSampler:
    """Sampler of entries for ``pipeline:trace``, for the metrics and for the quantiles of hops.

    Parameters
    ----------
    hub : Hub
    metrics : Metrics
    clients : callable
        Returns the number of connections.
    clock : callable
        Returns ns since the Unix epoch, by the clock that stamped the other hops.

    Attributes
    ----------
    now : callable
        The clock.
    newest : TickEntry or None
        The newest entry that was sampled.
    """

    def __init__(
        self, hub: Hub, metrics: Metrics, clients: Callable[[], int], clock: Callable[[], int]
    ) -> None:
        self.now = clock
        self.newest: TickEntry | None = None
        self._hub = hub
        self._metrics = metrics
        self._clients = clients
        self._recent = Recent(HOPS)
        self._sampled_at = 0
        self._traced_at = 0
        self._counted_from = (0, 0)
        self._ticks_per_s = 0.0

    def quantiles(self) -> Mapping[str, Quantiles]:
        """Return the quantiles of each of `HOPS` over the last minute."""
        return self._recent.quantiles(self.now())

    def sample(
        self, data: MarketData, stream: Stream, entry: TickEntry, read_ns: int, encoded_ns: int
    ) -> None:
        """Sample an entry that was just written to the sockets, unless one was a moment ago."""
        now = self.now()
        if now - self._sampled_at < NS_PER_S // SAMPLES_PER_S:
            return
        self._sampled_at, self.newest = now, entry
        stamps = (entry.received, entry.parsed, entry.written, read_ns, encoded_ns, now)
        times = [after - before for before, after in pairwise(stamps)]
        self._recent.add(now, times)
        self._metrics.observe_hops(times)
        self._metrics.lag.set(max(0, read_ns - entry.written) / NS_PER_S)
        if now - self._traced_at >= NS_PER_S // TRACES_PER_S:
            self._trace(data, stream, entry, stamps)

    def _trace(
        self, data: MarketData, stream: Stream, entry: TickEntry, stamps: tuple[int, ...]
    ) -> None:
        """Publish the last trade of an entry; another tick only if there is no trade for long."""
        now = stamps[-1]
        trades = np.flatnonzero(entry.ticks["kind"] == TICK_TRADE)
        if not len(trades) and now - self._traced_at < WITHOUT_TRADE_NS:
            return
        self._traced_at = now
        self._measure_rate(now, sum(data.positions.values()))
        if self._hub.lanes(TRACE):
            self._publish(data, stream, entry, int(trades[-1]) if len(trades) else -1, stamps)

    def _measure_rate(self, now: int, count: int) -> None:
        then, before = self._counted_from
        if now > then and count >= before:
            self._ticks_per_s = (count - before) * NS_PER_S / (now - then)
        self._counted_from = now, count

    def _publish(
        self,
        data: MarketData,
        stream: Stream,
        entry: TickEntry,
        index: int,
        stamps: tuple[int, ...],
    ) -> None:
        tick = entry.ticks[index]
        listing = data.instruments.of(int(tick["feed"]), int(tick["instrument_id"]))
        if listing is None:
            return
        position = entry.last if index < 0 else entry.first + index
        is_trade = tick["kind"] == TICK_TRADE
        payload: dict[str, Any] = {
            "symbol": listing.symbol,
            "id": str(data.id_at(stream, position)),
            "price": decimal(int(tick["price"])) if is_trade else None,
            "volume": int(tick["size"]) if is_trade else None,
            "ts_event": str(int(tick["ts_event"])),
            **{name: str(stamp) for name, stamp in zip(STAMPS, stamps, strict=True)},
            "ticks_per_s": round(self._ticks_per_s, 1),
            "clients": self._clients(),
        }
        self._hub.local_broadcast(TRACE, "trace", payload)
