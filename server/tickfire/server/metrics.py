"""Metrics of one worker, in a registry of their own instead of Prometheus's global one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from prometheus_client import Counter, Gauge, Histogram

from tickfire.base.durations import HOP_BUCKETS_S
from tickfire.base.exposition import Watched, process_registry
from tickfire.base.loop_lag import LoopLag
from tickfire.base.units import NS_PER_S
from tickfire.phoenix.core.telemetry import CHANNEL_JOINED, SOCKET_CONNECTED
from tickfire.server.scrapes.snapshot import PROCESS_RULES, Family, Merge, Rule, snapshot
from tickfire.server.scrapes.worker import render_alone

HOPS: Final = ("parse", "write", "read", "encode", "send")
"""Names of the times between two stamps of a tick; `tickfire.server.market.epoch.trace` has the
stamps."""
CLIENT_EVENTS: Final = (SOCKET_CONNECTED, CHANNEL_JOINED)
"""Events of the hub's telemetry that are measured."""
RULES: Final[Mapping[str, Rule]] = {
    **PROCESS_RULES,
    "tickfire_connections": Rule(by_worker=True),
    "tickfire_loop_lag_seconds": Rule(by_worker=True),
    "tickfire_stalls": Rule(by_worker=True),
    "tickfire_asyncio_tasks": Rule(by_worker=True),
    "tickfire_ready": Rule(Merge.MIN),
    "tickfire_up": Rule(Merge.MIN),
    "tickfire_feed_flows": Rule(Merge.MIN),
    "tickfire_feed_silence_seconds": Rule(Merge.MAX),
    "tickfire_stream_unread_seconds": Rule(Merge.MAX),
    "tickfire_stream_lag_seconds": Rule(Merge.MAX),
}
"""Rules by which the metrics of several workers are merged; all others are added up."""


class Metrics:
    """Counters and gauges of one worker.

    Attributes
    ----------
    registry : CollectorRegistry
    loop_lag : LoopLag
    ticks, frames, bytes : int
        Ticks read, frames of ticks encoded, and the bytes of those frames. A frame is counted once
        for all subscribers with the same view.
    saw_bad_entry : bool
        True once a bad entry has been logged.
    bad_entries : Counter
        Stream entries that could not be decoded.
    gaps, lost : Counter
        Announced gaps, and the ticks in them.
    catch_ups : Counter, by ``why``
        Subscriptions that began to catch up.
    catching_up : Gauge
        Subscriptions that are catching up.
    conflations, merged : Counter
        Slow clients' subscriptions that began to be conflated, and the trades that got no tick of
        their own.
    conflated : Gauge
        Subscriptions of slow clients that are being conflated.
    evicted : int
        Connections closed because a subscription lagged too far behind.
    lag : Gauge
        Seconds from the write of the latest entry to Redis to its read.
    hops : Histogram, by ``hop``
        Seconds since the previous hop, sampled: ``parse`` (since the feed's bytes arrived),
        ``write`` (sent to Redis), ``read`` (from Redis), ``encode`` (as frames), ``send`` (written
        to the sockets).
    client_events : Histogram, by ``event`` and ``result``
        Seconds that connections and joins took to be decided.
    """

    def __init__(self) -> None:
        self.registry = process_registry()
        self.loop_lag = LoopLag(self.registry, "tickfire_")
        # Plain integers: they change with each entry, and a Counter takes a lock.
        self.ticks = self.frames = self.bytes = self.evicted = 0
        for name, text, read in (
            ("ticks_read", "Ticks read from the streams.", lambda: self.ticks),
            ("frames_encoded", "Frames of ticks encoded.", lambda: self.frames),
            ("frame_bytes_encoded", "Bytes of encoded frames.", lambda: self.bytes),
        ):
            self.watch_one(name, text, read, counts=True)
        self.bad_entries = self._counter("bad_entries", "Stream entries skipped as not decodable.")
        self.saw_bad_entry = False
        self.gaps = self._counter("gaps", "Gaps in the positions of ticks, announced to clients.")
        self.lost = self._counter("lost_ticks", "Ticks lost in gaps.")
        self.catch_ups = Counter(
            "tickfire_catch_ups",
            "Subscriptions that began to catch up from history.",
            ["why"],
            registry=self.registry,
        )
        self.catching_up = Gauge(
            "tickfire_catching_up",
            "Subscriptions that are catching up from history.",
            registry=self.registry,
        )
        self.conflations = self._counter(
            "conflations", "Subscriptions of slow clients that began to be conflated."
        )
        self.merged = self._counter(
            "merged_trades", "Trades that slow clients got merged into ticks of others."
        )
        self.conflated = Gauge(
            "tickfire_conflated",
            "Subscriptions of slow clients that are being conflated.",
            registry=self.registry,
        )
        self.lag = Gauge(
            "tickfire_stream_lag_seconds",
            "Time from the write of the latest entry to Redis to its read.",
            registry=self.registry,
        )
        self.hops = Histogram(
            "tickfire_hop_seconds",
            "Time since the previous hop, sampled.",
            ["hop"],
            buckets=HOP_BUCKETS_S,
            registry=self.registry,
        )
        self._hops = [self.hops.labels(hop) for hop in HOPS]
        self.client_events = Histogram(
            "tickfire_client_event_seconds",
            "Time that the server took to decide a connection or a join.",
            ["event", "result"],
            buckets=HOP_BUCKETS_S,
            registry=self.registry,
        )
        self._client_events = {
            (event, result): self.client_events.labels(event, result)
            for event in CLIENT_EVENTS
            for result in ("ok", "error")
        }

    def _counter(self, name: str, text: str) -> Counter:
        return Counter(f"tickfire_{name}", text, registry=self.registry)

    def observe_hops(self, times: Sequence[int]) -> None:
        """Record the time that one tick took for each of `HOPS`, in ns."""
        for hop, time_ns in zip(self._hops, times, strict=True):
            hop.observe(max(0, time_ns) / NS_PER_S)

    def observe_event(
        self, event: str, measurements: Mapping[str, float], metadata: Mapping[str, Any]
    ) -> None:
        """Record one of `CLIENT_EVENTS`; a handler of `Hub.telemetry`."""
        self._client_events[event, metadata["result"]].observe(measurements["duration_s"])

    def count_catching_up(self) -> int:
        """Return the number of subscriptions that are catching up."""
        (family,) = self.catching_up.collect()
        return int(family.samples[0].value)

    def watch(
        self,
        name: str,
        text: str,
        label: str,
        read: Callable[[], Mapping[str, float]],
        *,
        counts: bool = False,
    ) -> None:
        """Add a gauge or counter with one label.

        Parameters
        ----------
        name : str
            Its name without ``tickfire_`` and the ``_total`` of a counter.
        text : str
            Its help text.
        label : str
            The name of its label.
        read : callable
            Called at each scrape; returns the number of each label value.
        counts : bool
            True if it is a counter.
        """
        self.registry.register(
            Watched(
                f"tickfire_{name}",
                text,
                lambda: {(value,): number for value, number in read().items()},
                (label,),
                counts=counts,
            )
        )

    def watch_one(
        self, name: str, text: str, read: Callable[[], float], *, counts: bool = False
    ) -> None:
        """Add a gauge or counter without labels; as `watch`, but `read` returns one number."""
        watched = Watched(f"tickfire_{name}", text, lambda: {(): read()}, counts=counts)
        self.registry.register(watched)

    def render(self) -> bytes:
        """Return all metrics in Prometheus's text format, as those of the only worker."""
        return render_alone(self)

    def snapshot(self) -> list[Family]:
        """Return all metrics of now."""
        return snapshot(self.registry, RULES)
