"""Metrics of one worker, in a registry of their own instead of Prometheus's global one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from tickfire.base.units import NS_PER_S

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
HOPS: Final = ("parse", "write", "read", "encode", "send")
"""Names of the times between two stamps of a tick; `tickfire.server.market.epoch.trace` has the
stamps."""
_BUCKETS: Final = (
    *(0.00005, 0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005),
    *(0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 5.0),
)


class Metrics:
    """Counters and gauges of one worker.

    Attributes
    ----------
    registry : CollectorRegistry
    ticks, frames, bytes : int
        Ticks read, frames of ticks encoded, and the bytes of those frames. A frame is counted once
        for all subscribers with the same view.
    saw_bad_entry : bool
        Whether a bad entry has been logged.
    bad_entries : Counter
        Stream entries that could not be decoded.
    gaps, lost : Counter
        Announced gaps, and the ticks in them.
    catch_ups : Counter, by ``why``
        Subscriptions that began to catch up.
    catching_up : Gauge
        Subscriptions that are catching up.
    lag : Gauge
        Seconds from the write of the latest entry to Redis to its read.
    hops : Histogram, by ``hop``
        Seconds since the previous hop, sampled: ``parse`` (since the feed's bytes arrived),
        ``write`` (sent to Redis), ``read`` (from Redis), ``encode`` (as frames), ``send`` (written
        to the sockets).
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        # Plain integers: they change with each entry, and a Counter takes a lock.
        self.ticks = self.frames = self.bytes = 0
        self.registry.register(_Plain(self))
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
        self.lag = Gauge(
            "tickfire_stream_lag_seconds",
            "Time from the write of the latest entry to Redis to its read.",
            registry=self.registry,
        )
        self.hops = Histogram(
            "tickfire_hop_seconds",
            "Time since the previous hop, sampled.",
            ["hop"],
            buckets=_BUCKETS,
            registry=self.registry,
        )
        self._hops = [self.hops.labels(hop) for hop in HOPS]

    def _counter(self, name: str, text: str) -> Counter:
        return Counter(f"tickfire_{name}", text, registry=self.registry)

    def observe_hops(self, times: Sequence[int]) -> None:
        """Record the time that one tick took for each of `HOPS`, in ns."""
        for hop, time_ns in zip(self._hops, times, strict=True):
            hop.observe(max(0, time_ns) / NS_PER_S)

    def count_catching_up(self) -> int:
        """Return the number of subscriptions that are catching up."""
        (family,) = self.catching_up.collect()
        return int(family.samples[0].value)

    def watch(
        self, name: str, text: str, label: str, read: Callable[[], Mapping[str, float]]
    ) -> None:
        """Add a gauge with one label.

        Parameters
        ----------
        name : str
            The gauge's name without ``tickfire_``.
        text : str
            Its help text.
        label : str
            The name of its label.
        read : callable
            Called at each scrape; returns the number of each label value.
        """
        self.registry.register(_Watched(f"tickfire_{name}", text, label, read))

    def render(self) -> bytes:
        """Return all metrics in Prometheus's text format."""
        return generate_latest(self.registry)


class _Plain(Collector):
    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def collect(self) -> list[CounterMetricFamily]:
        of, family = self._metrics, CounterMetricFamily
        return [
            family("tickfire_ticks_read", "Ticks read from the streams.", of.ticks),
            family("tickfire_frames_encoded", "Frames of ticks encoded.", of.frames),
            family("tickfire_frame_bytes_encoded", "Bytes of encoded frames.", of.bytes),
        ]


class _Watched(Collector):
    def __init__(
        self, name: str, text: str, label: str, read: Callable[[], Mapping[str, float]]
    ) -> None:
        self._name, self._text, self._label, self._read = name, text, label, read

    def collect(self) -> list[GaugeMetricFamily]:
        family = GaugeMetricFamily(self._name, self._text, labels=[self._label])
        for value, number in self._read().items():
            family.add_metric([value], number)
        return [family]

    def describe(self) -> list[GaugeMetricFamily]:
        return [GaugeMetricFamily(self._name, self._text, labels=[self._label])]
