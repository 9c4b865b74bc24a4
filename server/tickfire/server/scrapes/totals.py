"""`Totals`: snapshots of several workers as one. Pure, but for what it keeps of ended workers."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final

from prometheus_client import CollectorRegistry, Metric, generate_latest
from prometheus_client.registry import Collector

from tickfire.server.scrapes.snapshot import CUMULATIVE, Family, Merge

WORKER_LABEL: Final = "worker"

type Key = tuple[str, tuple[tuple[str, str], ...]]
"""Name and labels of a sample."""
type Snapshots = Sequence[tuple[str, Iterable[Family]]]
"""Snapshots, each with the name of the worker."""

_MERGES: Final[Mapping[Merge, Callable[[float, float], float]]] = {
    Merge.SUM: operator.add,
    Merge.MAX: max,
    Merge.MIN: min,
}


class Totals:
    """Sums over workers, which do not fall when a worker ends."""

    def __init__(self) -> None:
        self._ended: dict[str, _Merged] = {}

    def retire(self, worker: str, families: Iterable[Family]) -> None:
        """Keep the counters and histograms of a worker that has ended."""
        for family in families:
            if family.type in CUMULATIVE:
                self._ended.setdefault(family.name, _Merged(family)).add(worker, family)

    def metrics(self, snapshots: Snapshots) -> list[Metric]:
        """Return the metrics of ended workers and of those of the snapshots."""
        merged = {name: kept.copy() for name, kept in self._ended.items()}
        for worker, families in snapshots:
            for family in families:
                merged.setdefault(family.name, _Merged(family)).add(worker, family)
        return [each.as_metric() for each in merged.values()]


def render(metrics: Iterable[Metric]) -> bytes:
    """Return metrics in Prometheus's text format."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Given(metrics))
    return generate_latest(registry)


class _Given(Collector):
    def __init__(self, metrics: Iterable[Metric]) -> None:
        self._metrics = metrics

    def collect(self) -> Iterator[Metric]:
        yield from self._metrics


class _Merged:
    """One metric of several workers."""

    def __init__(self, first: Family) -> None:
        self._first = first
        self._numbers: dict[Key, float] = {}

    def copy(self) -> _Merged:
        other = _Merged(self._first)
        other._numbers = dict(self._numbers)
        return other

    def add(self, worker: str, family: Family) -> None:
        grows = family.type in CUMULATIVE
        merge = _MERGES[Merge.SUM if grows else Merge(family.merge)]
        own = ((WORKER_LABEL, worker),) if family.by_worker else ()
        for name, labels, number in family.samples:
            key = (name, (*labels.items(), *own))
            before = self._numbers.get(key)
            self._numbers[key] = number if before is None else merge(before, number)

    def as_metric(self) -> Metric:
        metric = Metric(self._first.name, self._first.help, self._first.type)
        for (name, labels), number in self._numbers.items():
            metric.add_sample(name, dict(labels), number)
        return metric
