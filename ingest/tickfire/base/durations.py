"""`Durations`: a histogram of durations that costs no lock to add to."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping
from itertools import accumulate
from typing import Final, Self

from prometheus_client.core import HistogramMetricFamily
from prometheus_client.registry import Collector

from tickfire.base.exposition import Labels
from tickfire.base.units import NS_PER_S

HOP_BUCKETS_S: Final = (
    *(0.00005, 0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005),
    *(0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 5.0),
)
"""Upper bounds of the buckets of all hops, in seconds."""


class Durations:
    """Durations by buckets.

    Added to by one thread; another may read them, and then sees one more or less.

    Parameters
    ----------
    bounds_s : tuple of float
        Upper bounds of the buckets, in seconds; by default those of all hops.

    Attributes
    ----------
    counts : list of int
        Number of durations in each bucket.
    sum_ns : int
    """

    def __init__(self, bounds_s: tuple[float, ...] = HOP_BUCKETS_S) -> None:
        self._bounds_s = bounds_s
        self._bounds_ns = [round(bound * NS_PER_S) for bound in bounds_s]
        self.counts = [0] * (len(bounds_s) + 1)
        self.sum_ns = 0

    @classmethod
    def sum_of(cls, several: Iterable[Self]) -> Self:
        """Return the durations of several with the default bounds together."""
        total = cls()
        for one in several:
            total.counts = [a + b for a, b in zip(total.counts, one.counts, strict=True)]
            total.sum_ns += one.sum_ns
        return total

    def add(self, duration_ns: int) -> None:
        """Add a duration, in ns; a negative one, of clocks that differ, counts as 0."""
        duration_ns = max(0, duration_ns)
        self.counts[bisect_left(self._bounds_ns, duration_ns)] += 1
        self.sum_ns += duration_ns

    def buckets(self) -> list[tuple[str, float]]:
        """Return upper bounds and cumulative counts, as Prometheus has them."""
        names = (*map(str, self._bounds_s), "+Inf")
        return list(zip(names, map(float, accumulate(self.counts)), strict=True))

    def sum_s(self) -> float:
        """Return the sum, in seconds."""
        return self.sum_ns / NS_PER_S


class WatchedDurations(Collector):
    """A histogram whose durations are read at each scrape.

    Parameters
    ----------
    name, text : str
        Its name and its help text.
    read : callable
        Returns the durations of each combination of label values.
    labels : tuple of str
        Names of the labels.
    """

    def __init__(
        self, name: str, text: str, read: Callable[[], Mapping[Labels, Durations]], labels: Labels
    ) -> None:
        self._about, self._labels = (name, text), labels
        self._read = read

    def collect(self) -> list[HistogramMetricFamily]:
        """Return the family with the numbers of now."""
        (family,) = self.describe()
        for values, durations in self._read().items():
            family.add_metric(values, durations.buckets(), durations.sum_s())
        return [family]

    def describe(self) -> list[HistogramMetricFamily]:
        """Return the family without numbers."""
        return [HistogramMetricFamily(*self._about, labels=self._labels)]
