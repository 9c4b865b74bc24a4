"""A plain reference of the detectors, with Python lists and floats."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

BINS, DECAY, PRIOR, WINSOR, TRUSTED = 16, 0.999, 0.1, 3.0, 20


@dataclass
class Baseline:
    """The history of one feature."""

    memory: float
    floor: float
    reach: float
    count: int = 0
    mean: float = 0.0
    variance: float = 0.0
    low: float = 0.0
    high: float = 0.0
    bins: list[float] = field(default_factory=lambda: [0.0] * BINS)

    def take(self, x: float) -> tuple[float, float]:
        """Return the z-score and the surprise of a value by those before it, and take it."""
        return self._z(x, self._surprise(x))

    def sd(self) -> float:
        return max(math.sqrt(self.variance), self.floor, 1e-9 * abs(self.mean) + 1e-12)

    def _bin(self, x: float) -> int:
        if self.high == self.low:
            return 0
        return min(int((x - self.low) * (BINS / (self.high - self.low))), BINS - 1)

    def _surprise(self, x: float) -> float:
        if self.count == 0:
            self.low = self.high = x
        elif self.count > TRUSTED:
            x = min(max(x, self.mean - self.reach * self.sd()), self.mean + self.reach * self.sd())
        total = sum(self.bins) + BINS * PRIOR
        beyond = x < self.low or x > self.high
        if beyond:
            middles = [self.low + (k + 0.5) * (self.high - self.low) / BINS for k in range(BINS)]
            held, self.bins = self.bins, [0.0] * BINS
            self.low, self.high = min(self.low, x), max(self.high, x)
            for middle, weight in zip(middles, held, strict=True):
                self.bins[self._bin(middle)] += weight
        k = self._bin(x)
        share = ((0.0 if beyond else self.bins[k]) + PRIOR) / total
        self.bins[k] += 1.0
        self.bins = [DECAY * weight for weight in self.bins]
        return -math.log(share)

    def _z(self, x: float, surprise: float) -> tuple[float, float]:
        self.count += 1
        if self.count == 1:
            self.mean = x
            return 0.0, surprise
        sd, step = self.sd(), x - self.mean
        z = step / sd
        if self.count - 1 > TRUSTED:
            step = min(max(step, -WINSOR * sd), WINSOR * sd)
        rate = 1.0 / min(self.memory, float(self.count))
        self.mean += rate * step
        self.variance = (1.0 - rate) * (self.variance + rate * step * step)
        return z, surprise


def worth(position: float) -> float:
    return -1.0 if position >= 3.0 else 2.0 / (1.0 + math.exp(5.0 * position)) - 1.0


def benchmark_score(
    alarms: Sequence[int], windows: Sequence[tuple[int, int]], probation: int
) -> float:
    """Return the score of the alarms on a series, window by window."""
    total = 0.0
    for first, last in windows:
        width = last - first + 1
        inside = [worth(-(last - i + 1) / width) for i in alarms if first <= i <= last]
        inside = [
            x
            for i, x in zip([i for i in alarms if first <= i <= last], inside, strict=True)
            if i >= probation
        ]
        total += max(inside) / worth(-1.0) if inside else -1.0
    for i in alarms:
        if i < probation or any(first <= i <= last for first, last in windows):
            continue
        before = [window for window in windows if window[1] < i]
        if before:
            first, last = before[-1]
            total += 0.11 * worth((i - last) / (last - first))
        else:
            total -= 0.11
    return total
