"""Anomaly detectors, for the trades of all instruments and for a single series."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tickfire.kernels.pointers import address_of
from tickfire.models.anomaly.baseline import BASELINE_WORDS
from tickfire.models.anomaly.series_kernel import score_series
from tickfire.models.anomaly.ticks_kernel import (
    ALARM_WORDS,
    COUNT_ALARMS,
    COUNT_QUIET,
    COUNT_ROWS,
    COUNT_TRADES,
    COUNTERS,
    FEATURES,
    KEY,
    LIMITS,
    ROW_WORDS,
    score_ticks,
)
from tickfire.store.limits import MAX_TICKS_PER_ENTRY
from tickfire.store.schema import TICK, TICK_CLEAR

__all__ = ["FEATURE_NAMES", "Alarm", "Limits", "SeriesScores", "TickDetector", "score"]

FEATURE_NAMES: Final = ("return", "volume", "spread", "inter_arrival", "context")
"""Features that an alarm may name; ``context`` stands for all of them together."""
FIRST_CAPACITY: Final = 256
EVERYTHING: Final = 1e100
NOTHING: Final = np.empty((0, ALARM_WORDS), np.float64)


@dataclass(frozen=True, slots=True)
class Limits:
    """Criteria of an anomaly.

    Attributes
    ----------
    thresholds : tuple of 5 floats
        Of the z-scores of the four features, and of the context, in nats.
    warm_up : int
        Number of trades of an instrument before its first alarm.
    refractory : int
        Number of trades after an alarm of an instrument in which it has no other.
    """

    thresholds: tuple[float, ...]
    warm_up: int = 200
    refractory: int = 100

    def __post_init__(self) -> None:
        if len(self.thresholds) != FEATURES + 1 or not all(x > 0.0 for x in self.thresholds):
            raise ValueError(f"there must be {FEATURES + 1} thresholds, all above 0")
        if self.warm_up < 0 or self.refractory < 0:
            raise ValueError("warm-up and refractory period must be 0 trades or more")

    def array(self) -> NDArray[np.float64]:
        """Return the limits as float64[7], as the kernel takes them."""
        numbers = np.array([*self.thresholds, self.warm_up, self.refractory], np.float64)
        assert len(numbers) == LIMITS
        return numbers


class Alarm(NamedTuple):
    """An anomalous trade.

    Attributes
    ----------
    tick_index : int
        Index of the trade in the ticks given.
    feed, instrument_id : int
    feature : str
        The one of `FEATURE_NAMES` that is farthest beyond its threshold.
    score : float
        Multiple of its threshold; at least 1.
    context : float
        Sum of the surprises of all features, in nats.
    values, expected : tuple of 4 floats
        Values of all features and their means before: return and spread in basis points, size, and
        seconds between trades.
    z : tuple of 4 floats
        Z-scores; those of size and time are of their logarithms.
    """

    tick_index: int
    feed: int
    instrument_id: int
    feature: str
    score: float
    context: float
    values: tuple[float, ...]
    expected: tuple[float, ...]
    z: tuple[float, ...]


class TickDetector:
    """Detector of anomalous trades, for any number of instruments.

    Parameters
    ----------
    limits : Limits

    Attributes
    ----------
    trades, quiet : int
        Number of trades scored, and of anomalies within refractory periods.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._numbers = limits.array()
        self._counts = np.zeros(COUNTERS, np.int64)
        self._found = np.empty((MAX_TICKS_PER_ENTRY, ALARM_WORDS), np.float64)
        self._make(FIRST_CAPACITY)

    @property
    def trades(self) -> int:
        """Number of trades scored."""
        return int(self._counts[COUNT_TRADES])

    @property
    def quiet(self) -> int:
        """Number of anomalies within refractory periods."""
        return int(self._counts[COUNT_QUIET])

    @property
    def limits(self) -> Limits:
        """Criteria of an anomaly; may be set between calls."""
        return self._limits

    @limits.setter
    def limits(self, limits: Limits) -> None:
        self._limits = limits
        self._numbers[:] = limits.array()

    def interrupt(self, feed: int, instrument_ids: Sequence[int]) -> None:
        """Compare the next trades of instruments with none before; what was learnt stays."""
        clears = np.zeros(len(instrument_ids), TICK)
        clears["feed"], clears["instrument_id"], clears["kind"] = feed, instrument_ids, TICK_CLEAR
        self.rows(clears)

    def push(self, ticks: NDArray[Any]) -> list[Alarm]:
        """Take ticks, in order, and return the anomalies among their trades.

        Parameters
        ----------
        ticks : TICK[n]
        """
        return [self._alarm(row) for row in self.rows(ticks)]

    def rows(self, ticks: NDArray[Any]) -> NDArray[np.float64]:
        """Return the kernel's rows of the anomalies, float64[anomalies, `ALARM_WORDS`]; see `push`.

        Raises
        ------
        TypeError
            The ticks are not TICK records.
        """
        if ticks.dtype != TICK:
            raise TypeError(f"the detector takes TICK records, not {ticks.dtype}")
        count = len(ticks)
        if count > len(self._found):
            self._found = np.empty((count, ALARM_WORDS), np.float64)
        ticks = np.ascontiguousarray(ticks)
        pieces: list[NDArray[np.float64]] = []
        at = 0
        while True:
            at = score_ticks(
                address_of(ticks), at, count, *self._addresses, address_of(self._found)
            )
            found = self._counts[COUNT_ALARMS]
            if found or pieces:
                pieces.append(self._found[:found].copy())
            if at >= count:
                return np.concatenate(pieces) if pieces else NOTHING
            self._grow()

    def _make(self, capacity: int) -> None:
        self._table = np.zeros(2 * capacity, np.int64)
        self._rows = np.zeros((capacity, ROW_WORDS), np.float64)
        self._address()

    def _address(self) -> None:
        """Look up the addresses of all arrays, once rather than at each call."""
        self._addresses = (
            *(address_of(self._table), len(self._table) - 1, address_of(self._rows)),
            *(address_of(self._counts), address_of(self._numbers)),
        )

    def _grow(self) -> None:
        """Double the capacity: the rows keep their indices, the hash table is made again."""
        before, count = self._rows, int(self._counts[COUNT_ROWS])
        self._make(2 * len(before))
        self._counts[COUNT_ROWS] = 0
        blank = np.zeros(count, TICK)
        keys = before.view(np.int64)[:count, KEY]
        blank["instrument_id"], blank["feed"] = keys & 0xFFFF_FFFF, keys >> 32
        self.rows(blank)  # ticks of no kind: they only get their rows
        self._rows[:count] = before[:count]

    def _alarm(self, row: NDArray[np.float64]) -> Alarm:
        key = int(self._rows.view(np.int64)[int(row[1]), KEY])
        parts = row[5:].reshape(3, FEATURES)
        return Alarm(
            tick_index=int(row[0]),
            feed=key >> 32,
            instrument_id=key & 0xFFFF_FFFF,
            feature=FEATURE_NAMES[int(row[2])],
            score=float(row[3]),
            context=float(row[4]),
            values=_in_units(parts[0]),
            expected=_in_units(parts[1]),
            z=tuple(parts[2].tolist()),
        )


class SeriesScores(NamedTuple):
    """Scores of the values of a series.

    Attributes
    ----------
    z : float64[n]
        Z-scores.
    surprise : float64[n]
        Surprises, in nats.
    """

    z: NDArray[np.float64]
    surprise: NDArray[np.float64]


def score(
    values: ArrayLike, memory: float = 2000.0, floor: float = 0.0, reach: float = EVERYTHING
) -> SeriesScores:
    """Score each value of a series by the values before it; a value that is not finite scores 0.

    Parameters
    ----------
    values : float[n]
    memory : float
        Memory of mean and variance, in values; at least 1.
    floor : float
        Least standard deviation, in the unit of the values.
    reach : float
        Number of deviations from the mean up to which a value may widen the histogram.

    Raises
    ------
    ValueError
        The memory is less than 1.
    """
    if not memory >= 1.0:
        raise ValueError(f"the memory must be at least one value, not {memory}")
    x = np.array(values, np.float64, ndmin=1)
    state = np.zeros(BASELINE_WORDS, np.float64)
    z, surprise = np.empty_like(x), np.empty_like(x)
    score_series(x, memory, floor, reach, address_of(state), z, surprise)
    return SeriesScores(z, surprise)


def _in_units(words: Sequence[float] | NDArray[np.float64]) -> tuple[float, ...]:
    """Convert the words of a row to basis points, size, basis points and seconds."""
    change, volume, spread, pace = (float(x) for x in words)
    seconds = float(np.exp(pace)) / 1e9 if pace else 0.0
    return change, float(np.expm1(volume)), spread, seconds
