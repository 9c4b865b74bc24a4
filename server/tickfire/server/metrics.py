"""The server's metrics, in a registry of their own: nothing global, nothing shared by tests."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
HOPS: Final = ("parse", "write", "read", "send")
_BUCKETS: Final = (
    *(0.00005, 0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005),
    *(0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 5.0),
)


class Metrics:
    """Counters and gauges of one worker.

    Attributes
    ----------
    ticks, frames, bytes : int
        Ticks read; frames of ticks encoded, once a lane, and their bytes.
    hops : Histogram, by ``hop``
        Seconds from the hop before to this one: ``parse`` (since the feed's bytes came), ``write``
        (to Redis), ``read`` (from it), ``send`` (to the sockets); sampled.
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        # Plain integers, since they are counted for each entry.
        self.ticks = self.frames = self.bytes = 0
        self.registry.register(_Plain(self))
        self.bad_entries = self._counter("bad_entries", "Stream entries passed over as not ours.")
        self.saw_bad_entry = False
        self.gaps = self._counter("gaps", "Holes in the numbers of ticks, published.")
        self.lost = self._counter("lost_ticks", "Ticks in these holes.")
        self.catch_ups = Counter(
            "tickfire_catch_ups",
            "Subscribers that began to read from history.",
            ["why"],
            registry=self.registry,
        )
        self.catching_up = Gauge(
            "tickfire_catching_up", "Subscribers that read from history.", registry=self.registry
        )
        self.lag = Gauge(
            "tickfire_stream_lag_seconds",
            "From the write of the latest entry to Redis until it was read.",
            registry=self.registry,
        )
        self.hops = Histogram(
            "tickfire_hop_seconds",
            "Time from hop to hop, sampled.",
            ["hop"],
            buckets=_BUCKETS,
            registry=self.registry,
        )
        self._hops = [self.hops.labels(hop) for hop in HOPS]

    def _counter(self, name: str, text: str) -> Counter:
        return Counter(f"tickfire_{name}", text, registry=self.registry)

    def observe_hops(self, stamps: tuple[int, int, int, int, int]) -> None:
        """Take one sample: received, parsed, written, read, sent, ns."""
        for hop, before, after in zip(self._hops, stamps[:-1], stamps[1:], strict=True):
            hop.observe(max(0, after - before) / 1e9)

    def watch(
        self, name: str, text: str, label: str, read: Callable[[], Mapping[str, float]]
    ) -> None:
        """Add a gauge with one label whose values are read when it is scraped."""
        self.registry.register(_Watched(f"tickfire_{name}", text, label, read))

    def render(self) -> bytes:
        """Return everything in Prometheus' text format."""
        return generate_latest(self.registry)


class _Plain(Collector):
    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def collect(self) -> list[CounterMetricFamily]:
        of, family = self._metrics, CounterMetricFamily
        return [
            family("tickfire_ticks_read", "Ticks read from the streams.", of.ticks),
            family("tickfire_frames_encoded", "Frames of ticks encoded, once a lane.", of.frames),
            family("tickfire_frame_bytes_encoded", "Bytes of these frames.", of.bytes),
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
