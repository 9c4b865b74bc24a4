"""`TraceSampler`: the time that ticks take from hop to hop, sampled for clients and metrics."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final

from tickfire.base.units import NS_PER_S
from tickfire.phoenix import Hub
from tickfire.server.market.epoch.data import EpochData
from tickfire.server.metrics import Metrics
from tickfire.store.entries import TickEntry

TRACE: Final = "pipeline:trace"
HOPS: Final = ("received", "parsed", "written", "read", "sent")
TRACES_PER_S: Final = 4
SAMPLES_PER_S: Final = 100
"""Samples for the histogram of hops."""


class TraceSampler:
    """Sampler of entries for ``pipeline:trace`` and for the metrics.

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
    ticks_per_s : float
        The rate at which ticks were read lately.
    """

    def __init__(
        self, hub: Hub, metrics: Metrics, clients: Callable[[], int], clock: Callable[[], int]
    ) -> None:
        self._hub = hub
        self._metrics = metrics
        self._clients = clients
        self._clock = clock
        self._sampled_at = 0
        self._traced_at = 0
        self._counted_from = (time.monotonic(), 0)
        self.ticks_per_s = 0.0

    def sample(self, data: EpochData, entry: TickEntry, read_ns: int) -> None:
        """Sample an entry that was just written to the sockets, unless one was a moment ago."""
        now = self._clock()
        if now - self._sampled_at < NS_PER_S // SAMPLES_PER_S:
            return
        self._sampled_at = now
        stamps = (entry.received, entry.parsed, entry.written, read_ns, now)
        self._metrics.observe_hops(stamps)
        self._metrics.lag.set(max(0, read_ns - entry.written) / NS_PER_S)
        if now - self._traced_at >= NS_PER_S // TRACES_PER_S:
            self._traced_at = now
            self._measure_rate(sum(data.positions))
            if self._hub.lanes(TRACE):
                self._publish(data, entry, stamps)

    def _measure_rate(self, count: int) -> None:
        then, before = self._counted_from
        now = time.monotonic()
        if now > then and count >= before:
            self.ticks_per_s = (count - before) / (now - then)
        self._counted_from = now, count

    def _publish(self, data: EpochData, entry: TickEntry, stamps: tuple[int, ...]) -> None:
        tick = entry.ticks[-1]
        slot = data.states.find(int(tick["feed"]), int(tick["instrument_id"]))
        if slot is None:
            return
        listing = data.instruments.listings[slot]
        payload: dict[str, Any] = {
            "symbol": listing.symbol,
            "id": str(data.id_of(listing)),
            "ts_event": str(int(tick["ts_event"])),
            **{hop: str(stamp) for hop, stamp in zip(HOPS, stamps, strict=True)},
            "ticks_per_s": round(self.ticks_per_s, 1),
            "clients": self._clients(),
        }
        self._hub.local_broadcast(TRACE, "trace", payload)
