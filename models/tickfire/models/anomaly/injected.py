"""Anomalies put into real ticks, to see how many are found and rightly named. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tickfire.models.anomaly.detector import Limits, TickDetector
from tickfire.store.schema import TICK_ASK, TICK_TRADE

type Ticks = NDArray[Any]

KINDS: Final = ("return", "volume", "spread", "inter_arrival")
"""What is put in, by the feature that should be named."""
JUMP: Final = 0.01
"""Part of the price by which a trade, or an ask, is off."""
VOLUME_TIMES: Final = 500
BURST_TRADES: Final = 120
BURST_NS: Final = 1_000
"""Between the trades of a burst."""
APART: Final = 2_000
"""Trades of one instrument between what is put in: far beyond the refractory period."""
MAX_SIZE: Final = 2**32 - 1


@dataclass(frozen=True, slots=True)
class Recall:
    """What came of the anomalies of one kind.

    Attributes
    ----------
    kind : str
    put_in, found, named : int
        How many there were, how many raised an alarm, and how many of these named the feature.
    """

    kind: str
    put_in: int
    found: int
    named: int


def recall(ticks: Ticks, limits: Limits, kind: str, seed: int) -> Recall:
    """Put anomalies of a kind into ticks, each alone among its instrument's, and look for them.

    Parameters
    ----------
    ticks : TICK[n]
    limits : Limits
    kind : str
        Of `KINDS`.
    seed : int
    """
    places = _places(ticks, seed)
    changed, first, last = _put_in(ticks, places, kind)
    alarms = TickDetector(limits).push(changed)
    at = np.array([alarm.position for alarm in alarms], np.int64)
    mine = np.array([(alarm.feed, alarm.instrument_id) for alarm in alarms]).reshape(-1, 2)
    found = named = 0
    for begin, end in zip(first, last, strict=True):
        key = changed["feed"][begin], changed["instrument_id"][begin]
        inside = (at >= begin) & (at <= end) & (mine == key).all(axis=1)
        hits = np.flatnonzero(inside)
        found += len(hits) > 0
        named += len(hits) > 0 and alarms[hits[0]].feature == kind
    return Recall(kind, len(places), found, named)


def _places(ticks: Ticks, seed: int) -> NDArray[np.int64]:
    """Choose trades, far from each other within each instrument."""
    rng = np.random.default_rng(seed)
    chosen = []
    for number in np.unique(ticks["instrument_id"]):
        trades = np.flatnonzero((ticks["instrument_id"] == number) & (ticks["kind"] == TICK_TRADE))
        starts = np.arange(APART, len(trades) - APART, APART)
        chosen.append(trades[starts + rng.integers(0, APART // 2, len(starts))])
    return np.sort(np.concatenate(chosen)) if chosen else np.empty(0, np.int64)


def _put_in(
    ticks: Ticks, places: NDArray[np.int64], kind: str
) -> tuple[Ticks, NDArray[np.int64], NDArray[np.int64]]:
    """Return the ticks with the anomalies, and the first and last tick of each."""
    changed = ticks.copy()
    if kind == "return":
        changed["price"][places] += (changed["price"][places] * JUMP).astype(np.int64)
        return changed, places, places
    if kind == "volume":
        size = changed["size"][places].astype(np.int64) * VOLUME_TIMES
        changed["size"][places] = np.minimum(size, MAX_SIZE)
        return changed, places, places
    copies = 1 if kind == "spread" else BURST_TRADES
    extra = np.repeat(changed[places], copies)
    if kind == "spread":
        extra["kind"] = TICK_ASK
        extra["price"] += (extra["price"] * JUMP).astype(np.int64)
    else:
        extra["ts_event"] += np.tile(np.arange(copies) * BURST_NS, len(places))
    changed = np.insert(changed, np.repeat(places, copies), extra)
    first = places + np.arange(len(places)) * copies
    return changed, first, first + copies
