"""Recall of the detector, measured on anomalies injected into real ticks. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tickfire.models.anomaly.detector import Limits, TickDetector
from tickfire.store.schema import TICK_ASK, TICK_TRADE

type Ticks = NDArray[Any]

KINDS: Final = ("return", "volume", "spread", "inter_arrival")
"""Kinds of injected anomalies, named after the feature that an alarm should name."""
JUMP: Final = 0.01
"""Relative change of the price of a trade, or of an ask."""
VOLUME_TIMES: Final = 500
BURST_TRADES: Final = 120
BURST_NS: Final = 1_000
"""Time between the trades of a burst."""
APART: Final = 2_000
"""Trades of an instrument between injections: far more than the refractory period."""
MAX_SIZE: Final = 2**32 - 1


@dataclass(frozen=True, slots=True)
class Recall:
    """Results for the injected anomalies of one kind.

    Attributes
    ----------
    kind : str
    injected, found, named : int
        Number of anomalies, of those that raised an alarm, and of alarms that named the feature.
    """

    kind: str
    injected: int
    found: int
    named: int


def recall(ticks: Ticks, limits: Limits, kind: str, seed: int) -> Recall:
    """Inject anomalies of a kind into ticks, each alone in its instrument, and count the alarms.

    Parameters
    ----------
    ticks : TICK[n]
    limits : Limits
    kind : str
        One of `KINDS`.
    seed : int
        Seed of the choice of trades.
    """
    chosen = _chosen(ticks, seed)
    changed, first, last = _injected(ticks, chosen, kind)
    alarms = TickDetector(limits).push(changed)
    at = np.array([alarm.tick_index for alarm in alarms], np.int64)
    mine = np.array([(alarm.feed, alarm.instrument_id) for alarm in alarms]).reshape(-1, 2)
    found = named = 0
    for begin, end in zip(first, last, strict=True):
        key = changed["feed"][begin], changed["instrument_id"][begin]
        inside = (at >= begin) & (at <= end) & (mine == key).all(axis=1)
        hits = np.flatnonzero(inside)
        found += len(hits) > 0
        named += len(hits) > 0 and alarms[hits[0]].feature == kind
    return Recall(kind, len(chosen), found, named)


def _chosen(ticks: Ticks, seed: int) -> NDArray[np.int64]:
    """Return the indices of trades that are far from each other within each instrument."""
    rng = np.random.default_rng(seed)
    chosen = []
    for number in np.unique(ticks["instrument_id"]):
        trades = np.flatnonzero((ticks["instrument_id"] == number) & (ticks["kind"] == TICK_TRADE))
        starts = np.arange(APART, len(trades) - APART, APART)
        chosen.append(trades[starts + rng.integers(0, APART // 2, len(starts))])
    return np.sort(np.concatenate(chosen)) if chosen else np.empty(0, np.int64)


def _injected(
    ticks: Ticks, chosen: NDArray[np.int64], kind: str
) -> tuple[Ticks, NDArray[np.int64], NDArray[np.int64]]:
    """Return the ticks with the anomalies, and the indices of the first and last tick of each."""
    changed = ticks.copy()
    if kind == "return":
        changed["price"][chosen] += (changed["price"][chosen] * JUMP).astype(np.int64)
        return changed, chosen, chosen
    if kind == "volume":
        size = changed["size"][chosen].astype(np.int64) * VOLUME_TIMES
        changed["size"][chosen] = np.minimum(size, MAX_SIZE)
        return changed, chosen, chosen
    copies = 1 if kind == "spread" else BURST_TRADES
    extra = np.repeat(changed[chosen], copies)
    if kind == "spread":
        extra["kind"] = TICK_ASK
        extra["price"] += (extra["price"] * JUMP).astype(np.int64)
    else:
        extra["ts_event"] += np.tile(np.arange(copies) * BURST_NS, len(chosen))
    changed = np.insert(changed, np.repeat(chosen, copies), extra)
    first = chosen + np.arange(len(chosen)) * copies
    return changed, first, first + copies
