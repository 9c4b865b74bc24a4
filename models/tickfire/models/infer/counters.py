"""Metrics of `tickfire infer`, in a registry of their own."""

from __future__ import annotations

from typing import Final

from prometheus_client import Counter, Gauge, Histogram, generate_latest

from tickfire.base.durations import HOP_BUCKETS_S
from tickfire.base.exposition import process_registry
from tickfire.base.loop_lag import LoopLag

_BUCKETS: Final = (0.00005, 0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0)


class Counters:
    """Metrics of one process.

    Attributes
    ----------
    registry : CollectorRegistry
    loop_lag : LoopLag
    read : Histogram
        Time from the write of an entry of ticks to Redis until the models have it.
    writer : Gauge
        1 if this process publishes, 0 if it is a standby.
    headlines : Counter, by ``label``
        Headlines scored; ``"abstained"`` where the model was not sure.
    score_seconds, headline_seconds : Histogram
        Time to score a headline; time from its receipt until its sentiment is in Redis.
    ticks, bars : Counter
        Ticks and bars given to models.
    bad_entries : Counter
        Stream entries skipped because they are malformed.
    signals : Counter, by ``event``
        Signals published.
    failures : Counter, by ``model``
        Calls of a model that raised an exception.
    models : Gauge, by ``model`` and ``counter``
        Counters that the models keep themselves.
    reloads, refusals : Gauge, by ``model``
        Artifacts reloaded, and refused.
    """

    def __init__(self) -> None:
        self.registry = process_registry()
        self.loop_lag = LoopLag(self.registry, "tickfire_infer_")
        hops = Histogram(
            "tickfire_infer_hop_seconds",
            "Time from the write of an entry to Redis until the models have it.",
            ["hop"],
            buckets=HOP_BUCKETS_S,
            registry=self.registry,
        )
        self.read = hops.labels("read")
        self.writer = Gauge(
            "tickfire_infer_writer",
            "1 if this process publishes, 0 if it is a standby.",
            registry=self.registry,
        )
        self.headlines = self._counter("headlines", "Headlines scored.", "label")
        self.score_seconds = self._histogram("score_seconds", "Time to score a headline.")
        self.headline_seconds = self._histogram(
            "headline_seconds", "Time from a headline's receipt until its sentiment is in Redis."
        )
        self.ticks = self._counter("ticks", "Ticks given to models.")
        self.bars = self._counter("bars", "Bars given to models.")
        self.bad_entries = self._counter("bad_entries", "Malformed stream entries, skipped.")
        self.signals = self._counter("signals", "Signals published.", "event")
        self.failures = self._counter("failures", "Calls of a model that failed.", "model")
        self.reloads = self._gauge("reloads", "Artifacts reloaded.")
        self.models = Gauge(
            "tickfire_infer_model",
            "Counters kept by the models.",
            ["model", "counter"],
            registry=self.registry,
        )
        self.refusals = self._gauge("refusals", "Artifacts refused.")

    def render(self) -> bytes:
        """Return all metrics in Prometheus' text format."""
        return generate_latest(self.registry)

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(f"tickfire_infer_{name}", text, labels, registry=self.registry)

    def _gauge(self, name: str, text: str) -> Gauge:
        return Gauge(f"tickfire_infer_{name}", text, ["model"], registry=self.registry)

    def _histogram(self, name: str, text: str) -> Histogram:
        return Histogram(f"tickfire_infer_{name}", text, buckets=_BUCKETS, registry=self.registry)
