"""`Recent`: durations measured lately, and their quantiles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tickfire.base.units import NS_PER_S

SPAN_NS: Final = 60 * NS_PER_S
CAPACITY: Final = 6000


@dataclass(frozen=True, slots=True)
class Quantiles:
    """Quantiles of the samples of the last minute.

    A quantile is a sample: the least that is not below the given share of all.

    Attributes
    ----------
    p50, p99 : int
        In ns; 0 without samples.
    count : int
        Number of samples.
    """

    p50: int = 0
    p99: int = 0
    count: int = 0


class Recent:
    """Samples of one or more durations, of the last minute.

    Parameters
    ----------
    names : sequence of str
        The durations that each sample has.
    span_ns : int
        Age at which samples are left out.
    capacity : int
        Maximum number of samples. They cover the whole span, because `add` leaves out a sample that
        comes sooner than `span_ns` / `capacity` after the one before.
    """

    def __init__(
        self, names: Sequence[str], *, span_ns: int = SPAN_NS, capacity: int = CAPACITY
    ) -> None:
        self._names = tuple(names)
        self._span_ns = span_ns
        self._interval_ns = span_ns // capacity
        self._next = 0
        self._at: NDArray[np.int64] = np.zeros(capacity, np.int64)
        self._values: NDArray[np.int64] = np.zeros((capacity, len(self._names)), np.int64)
        self._count = 0

    def add(self, at: int, values: Sequence[int]) -> None:
        """Add a sample; a negative duration, as by a clock that was set back, counts as 0.

        Parameters
        ----------
        at : int
            Time of the sample, in ns.
        values : sequence of int
            One duration for each name, in ns.
        """
        if at < self._next:
            return
        self._next = at + self._interval_ns
        row = self._count % len(self._at)
        self._at[row] = at
        self._values[row] = [max(0, value) for value in values]
        self._count += 1

    def quantiles(self, now: int) -> Mapping[str, Quantiles]:
        """Return the quantiles of each duration over the span that ends at `now`, in ns."""
        kept = min(self._count, len(self._at))
        young = self._at[:kept] > now - self._span_ns
        values = np.sort(self._values[:kept][young], axis=0)
        count = len(values)
        if not count:
            return {name: Quantiles() for name in self._names}
        p50, p99 = values[_rank(50, count)].tolist(), values[_rank(99, count)].tolist()
        return {
            name: Quantiles(p50[column], p99[column], count)
            for column, name in enumerate(self._names)
        }


def _rank(percent: int, count: int) -> int:
    """Return the index of a percentile among `count` sorted samples, by nearest rank."""
    return -(-percent * count // 100) - 1
