"""`NewsMetrics`: the Prometheus metrics of `tickfire news`."""

from __future__ import annotations

from typing import Final

from prometheus_client import Counter, Gauge

from tickfire.base.exposition import Watched, process_registry
from tickfire.base.loop_lag import LoopLag
from tickfire.ingest.news.publish import Publisher

PREFIX: Final = "tickfire_news_"


class NewsMetrics:
    """The metrics of a process; docs/monitoring.md lists them.

    Parameters
    ----------
    publisher : Publisher

    Attributes
    ----------
    registry : CollectorRegistry
    loop_lag : LoopLag
    """

    def __init__(self, publisher: Publisher) -> None:
        self.registry = process_registry()
        self.registry.register(
            Watched(
                f"{PREFIX}headlines",
                "Headlines written to Redis.",
                lambda: {(): publisher.written},
                counts=True,
            )
        )
        self.loop_lag = LoopLag(self.registry, PREFIX)
        self._requests = Counter(
            f"{PREFIX}requests",
            "Requests of feeds and APIs, by result.",
            ("source", "result"),
            registry=self.registry,
        )
        self._answered = Gauge(
            f"{PREFIX}answered_timestamp_seconds",
            "Time of the last request that a feed or API answered, since the Unix epoch.",
            ("source",),
            registry=self.registry,
        )
        self._listed = Gauge(
            f"{PREFIX}listed_headlines",
            "Headlines that a feed or API lists.",
            ("source",),
            registry=self.registry,
        )

    def answered(self, source: str, listed: int, *, changed: bool) -> None:
        """Count an answer of a source, with the number of headlines that it lists now."""
        self._requests.labels(source, "changed" if changed else "unchanged").inc()
        self._answered.labels(source).set_to_current_time()
        self._listed.labels(source).set(listed)

    def failed(self, source: str) -> None:
        """Count a request that failed."""
        self._requests.labels(source, "failed").inc()
