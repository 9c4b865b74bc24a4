"""`IngestMetrics`: the Prometheus metrics of a process that writes one feed or several."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from tickfire.base.durations import Durations, WatchedDurations
from tickfire.base.exposition import Labels, Watched, process_registry
from tickfire.base.loop_lag import LoopLag
from tickfire.base.units import NS_PER_S
from tickfire.ingest.writer.figures import Figures
from tickfire.store.schema import FEED_DOWN, FEED_STALE, FEED_UP

PREFIX: Final = "tickfire_ingest_"
STATES: Final = (FEED_UP, FEED_STALE, FEED_DOWN)

type Of = Callable[[Figures], float]
type ByLabel = Callable[[Figures], Mapping[Labels, float]]


class IngestMetrics:
    """The metrics of a process; docs/monitoring.md lists them.

    Attributes
    ----------
    registry : CollectorRegistry
    lag : LoopLag
    feeds : dict of int to Figures or None
        The feeds by number; None while this process is a standby.
    """

    def __init__(self) -> None:
        self.registry = process_registry()
        self.feeds: dict[int, Figures | None] = {}
        self.lag = LoopLag(self.registry, PREFIX)
        self._watch_records()
        self._watch_gaps()
        self._watch_redis()
        self._watch_hops()
        self._watch_states()

    # --- what is watched
    def _watch_records(self) -> None:
        self._by("records", "Records parsed.", "type", lambda f: _keyed(f.records_by_type()))
        self._by("skipped", "Records skipped.", "reason", lambda f: _keyed(f.skipped_by_reason()))
        self._counter("repeats", "Records skipped as seen before.", lambda f: f.repeated)
        self._counter(
            "forgotten_cursors", "Cursors of quiet sources forgotten, as there were too many.",
            lambda f: f.forgotten_cursors,
        )  # fmt: skip
        self._counter("restamped", "Records with a time replaced.", lambda f: f.restamped)
        self._counter("received_bytes", "Bytes received.", lambda f: f.received_bytes)
        self._counter("sessions", "Sessions with the source begun.", lambda f: f.sessions.count)
        self._counter("ticks", "Ticks made, as their positions count them.", lambda f: f.ticks)
        self._watch(
            "gateway_messages", "Messages of the gateway.", ("kind", "code"),
            lambda f: f.messages_by_code(), counts=True,
        )  # fmt: skip
        self._gauge("instruments", "Instruments with a state.", lambda f: f.instruments)
        self._gauge(
            "feed_lag_seconds", "Time from the latest record to its receipt.",
            lambda f: f.sessions.lag_ns / NS_PER_S,
        )  # fmt: skip

    def _watch_gaps(self) -> None:
        self._by("gaps", "Gaps announced.", "reason", lambda f: _keyed(f.gaps_by_reason()))
        self._counter(
            "missing_sequence_numbers", "Sequence numbers missing where they are dense.",
            lambda f: f.missing,
        )  # fmt: skip
        self._counter(
            "out_of_order", "Records with a lower sequence number than the one before.",
            lambda f: f.out_of_order,
        )  # fmt: skip
        self._counter(
            "flagged", "Records that the venue flags as after a gap.", lambda f: f.flagged
        )

    def _watch_redis(self) -> None:
        self._counter("batches", "Batches that Redis acknowledged.", lambda f: f.batches)
        self._gauge("waiting_batches", "Batches waiting for Redis.", lambda f: f.unacknowledged)
        self._gauge("waiting_bytes", "Bytes waiting for Redis.", lambda f: f.waiting_bytes)
        self._by(
            "acknowledge_seconds", "Time until Redis acknowledged, over the last minute.",
            "quantile", _acknowledge, counts=False,
        )  # fmt: skip

    def _watch_hops(self) -> None:
        def read() -> dict[Labels, Durations]:
            return {
                (str(feed), *hop): durations
                for feed, figures in self._all()
                if figures is not None
                for hop, durations in figures.hops().items()
            }

        self.registry.register(
            WatchedDurations(
                f"{PREFIX}hop_seconds",
                "Time from the feed's clock to the receipt, and from a write until Redis took it.",
                read,
                ("feed", "hop"),
            )
        )

    def _watch_states(self) -> None:
        self._by("feed_state", "1 for the state of the feed.", "state", _state, counts=False)
        self.registry.register(
            Watched(
                f"{PREFIX}writer",
                "1 if this process writes the feed, 0 if it is a standby.",
                lambda: {(str(feed),): float(f is not None) for feed, f in self._all()},
                ("feed",),
            )
        )

    # --- the kinds of metrics
    def _all(self) -> list[tuple[int, Figures | None]]:
        return list(self.feeds.items())

    def _watch(self, name: str, text: str, labels: Labels, read: ByLabel, *, counts: bool) -> None:
        def read_all() -> dict[Labels, float]:
            return {
                (str(feed), *values): number
                for feed, figures in self._all()
                if figures is not None
                for values, number in read(figures).items()
            }

        self.registry.register(
            Watched(PREFIX + name, text, read_all, ("feed", *labels), counts=counts)
        )

    def _by(self, name: str, text: str, label: str, read: ByLabel, *, counts: bool = True) -> None:
        self._watch(name, text, (label,), read, counts=counts)

    def _counter(self, name: str, text: str, read: Of) -> None:
        self._watch(name, text, (), lambda figures: {(): read(figures)}, counts=True)

    def _gauge(self, name: str, text: str, read: Of) -> None:
        self._watch(name, text, (), lambda figures: {(): read(figures)}, counts=False)


def _keyed(found: Mapping[str, float]) -> dict[Labels, float]:
    return {(name,): number for name, number in found.items()}


def _acknowledge(figures: Figures) -> dict[Labels, float]:
    _, p50, p99 = figures.acknowledged()
    return {("0.5",): p50 / NS_PER_S, ("0.99",): p99 / NS_PER_S}


def _state(figures: Figures) -> dict[Labels, float]:
    state = figures.sessions.feed.state
    return {(name,): float(name == state) for name in STATES}
