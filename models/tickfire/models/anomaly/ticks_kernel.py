"""Kernel that scores trades: each feature by what its instrument had before.

A trade has four features: the return since the trade before, its size, the spread at that moment,
and the (geometric) mean time between the latest trades. Each has its own baseline. A trade is an
anomaly if a z-score reaches the threshold of its feature, or if the sum of the surprises, the
context, reaches its own; no other is reported for the refractory period after it.
"""

from __future__ import annotations

import math
from typing import Any, Final

from numba import float64, int64, uint64

from tickfire.base.units import UNDEF_PRICE
from tickfire.kernels.jit import cold, helper, kernel
from tickfire.kernels.pointers import as_f64, as_i64
from tickfire.models.anomaly.baseline import BASELINE_WORDS, MEAN, weigh, z_score
from tickfire.store.schema import TICK_ASK, TICK_BID, TICK_CLEAR, TICK_TRADE

RETURN: Final = 0
VOLUME: Final = 1
SPREAD: Final = 2
INTER_ARRIVAL: Final = 3
FEATURES: Final = 4
CONTEXT: Final = 4
"""Stands for a feature in an alarm that the sum of the surprises raised."""

MEMORY: Final = 2000.0
"""Memory of means and deviations, in trades."""
REACH: Final = 10.0
"""Number of deviations from the mean up to which a value may widen a histogram."""
PACE_RATE: Final = 1.0 / 32.0
"""Weight of the newest interval between trades in the mean of their logarithms."""
RESOLUTION_NS: Final = 1000.0
"""Resolution of the intervals between trades."""
BASIS_POINTS: Final = 1e4

LEAST_SPREAD: Final = 0.1
"""Least mean spread, in basis points."""
SPREAD_PART: Final = 0.5
"""Least deviation of returns and spreads, relative to the mean spread: prices have steps."""
VOLUME_FLOOR: Final = 0.1
PACE_FLOOR: Final = 0.1
"""Least standard deviations of the logarithms of size and interval."""

KEY: Final = 0
LAST_TS: Final = 1
LAST_PRICE: Final = 2
BID: Final = 3
ASK: Final = 4
PACE: Final = 5
TRADES: Final = 6
QUIET: Final = 7
VALUES: Final = 8
"""Features of the last trade, in the units of their baselines."""
EXPECTED: Final = 12
"""Means of the features before it."""
SCORES: Final = 16
"""Z-scores of the features."""
BASELINES: Final = 20
ROW_WORDS: Final = BASELINES + FEATURES * BASELINE_WORDS

ALARM_WORDS: Final = 5 + 3 * FEATURES
"""Words of an alarm, float64: index of the tick, index of the row, feature, score, context (nats),
then values, means and z-scores of all features."""

WARM_UP: Final = FEATURES + 1
"""Index in the limits, after the thresholds: trades of an instrument before its first alarm."""
REFRACTORY: Final = FEATURES + 2
"""Index in the limits: trades after an alarm of an instrument in which it has no other."""
LIMITS: Final = FEATURES + 3
COUNT_ROWS: Final = 0
COUNT_ALARMS: Final = 1
COUNT_QUIET: Final = 2
COUNT_TRADES: Final = 3
COUNTERS: Final = 4

HASH_FACTOR: Final = 0x9E37_79B9_7F4A_7C15
LOW_HALF: Final = 0xFFFF_FFFF
TICK_WORDS: Final = 4


@cold
def new_row(table: Any, at: Any, rows: Any, counts: Any, capacity: Any, key: Any) -> Any:
    """Assign a row to a key; return its index, or -1 if there is no room."""
    index = counts[COUNT_ROWS]
    if index >= capacity:
        return int64(-1)
    counts[COUNT_ROWS] = index + 1
    table[at] = index + 1
    row = as_i64(rows + index * (8 * ROW_WORDS))
    row[KEY] = key
    row[BID] = UNDEF_PRICE
    row[ASK] = UNDEF_PRICE
    return index


@helper
def row_of(table: Any, mask: Any, rows: Any, counts: Any, capacity: Any, key: Any) -> Any:
    """Return the index of a key's row, assigned if need be; -1 if there is no room."""
    at = ((uint64(key) * uint64(HASH_FACTOR)) >> uint64(32)) & uint64(mask)
    while table[at] != 0:
        index = table[at] - 1
        if as_i64(rows + index * (8 * ROW_WORDS))[KEY] == key:
            return index
        at = (at + uint64(1)) & uint64(mask)
    return new_row(table, at, rows, counts, capacity, key)


@helper
def forget_last(row: Any) -> None:
    """Forget the last trade and quotes; what was learnt stays."""
    row[LAST_TS] = 0
    row[LAST_PRICE] = 0
    row[BID] = UNDEF_PRICE
    row[ASK] = UNDEF_PRICE


@helper
def spread_of(row: Any) -> Any:
    """Return the spread in basis points of the middle, or -1 while there is none."""
    bid, ask = row[BID], row[ASK]
    if bid == UNDEF_PRICE or ask == UNDEF_PRICE or ask < bid or bid <= 0:
        return -1.0
    return float64(ask - bid) / (0.5 * (float64(ask) + float64(bid))) * BASIS_POINTS


@helper
def score_feature(s: Any, feature: Any, x: Any, floor: Any) -> Any:
    """Score a value of a feature; return |z|, and the weights of its bin and of all bins."""
    b = BASELINES + feature * BASELINE_WORDS
    s[VALUES + feature] = x
    s[EXPECTED + feature] = s[b + MEAN]
    held, total = weigh(s, b, x, REACH)
    z = z_score(s, b, x, MEMORY, floor)
    s[SCORES + feature] = z
    return abs(z), held, total


@helper
def pace_of(s: Any, since: Any) -> Any:
    """Add the time since the last trade, in ns; return the mean logarithm of such intervals."""
    time = math.log(float64(since) + RESOLUTION_NS)
    if s[PACE] > 0.0:
        time = s[PACE] + PACE_RATE * (time - s[PACE])
    s[PACE] = time
    return time


@helper
def larger_part(score: Any, feature: Any, value: Any, candidate: Any, limits: Any) -> Any:
    """Return the larger of a score and of a value as a part of its threshold, with its feature."""
    part = value / limits[candidate]
    if part > score:
        return part, candidate
    return score, feature


@helper
def score_trade(row: Any, s: Any, ts: Any, price: Any, size: Any, limits: Any) -> Any:
    """Score a trade; return its score, the feature that it is due to, and the context in nats.

    The score is the largest of the features and the context, each relative to its threshold.
    """
    z, held, total = score_feature(s, VOLUME, math.log(1.0 + size), VOLUME_FLOOR)
    score, feature = z / limits[VOLUME], VOLUME
    floor = max(LEAST_SPREAD, SPREAD_PART * s[BASELINES + SPREAD * BASELINE_WORDS + MEAN])
    before, since = row[LAST_PRICE], ts - row[LAST_TS]
    if before > 0:
        change = float64(price - before) / float64(before) * BASIS_POINTS
        z, bin_held, bin_total = score_feature(s, RETURN, change, floor)
        held, total = held * bin_held, total * bin_total
        score, feature = larger_part(score, feature, z, RETURN, limits)
    if row[LAST_TS] > 0 and since >= 0:
        z, bin_held, bin_total = score_feature(s, INTER_ARRIVAL, pace_of(s, since), PACE_FLOOR)
        held, total = held * bin_held, total * bin_total
        score, feature = larger_part(score, feature, z, INTER_ARRIVAL, limits)
    spread = spread_of(row)
    if spread >= 0.0:
        z, bin_held, bin_total = score_feature(s, SPREAD, spread, floor)
        held, total = held * bin_held, total * bin_total
        score, feature = larger_part(score, feature, z, SPREAD, limits)
    context = math.log(total / held)
    score, feature = larger_part(score, feature, context, CONTEXT, limits)
    row[LAST_TS] = ts
    row[LAST_PRICE] = price
    return score, feature, context


@helper
def is_alarm(row: Any, score: Any, limits: Any, counts: Any) -> Any:
    """Count a scored trade; whether it raises an alarm, which begins a refractory period."""
    row[TRADES] += 1
    if not score >= 1.0 or row[TRADES] <= limits[WARM_UP]:
        return False
    if row[TRADES] <= row[QUIET]:
        counts[COUNT_QUIET] += 1
        return False
    row[QUIET] = row[TRADES] + int64(limits[REFRACTORY])
    return True


@cold
def write_alarm(
    alarm: Any, s: Any, tick: Any, index: Any, score: Any, feature: Any, context: Any
) -> None:
    """Write the alarm of a row that has just scored a trade."""
    alarm[0] = tick
    alarm[1] = index
    alarm[2] = feature
    alarm[3] = score
    alarm[4] = context
    for f in range(FEATURES):
        alarm[5 + f] = s[VALUES + f]
        alarm[5 + FEATURES + f] = s[EXPECTED + f]
        alarm[5 + 2 * FEATURES + f] = s[SCORES + f]


# The loop is one thought, the dispatch of a tick to its row. It takes addresses, not arrays: nine
# integers cost far less at each call, which may be for one tick alone.
@kernel("int64(int64, int64, int64, int64, int64, int64, int64, int64, int64)")
def score_ticks(
    ticks: Any,
    start: Any,
    count: Any,
    table_at: Any,
    mask: Any,
    rows: Any,
    counts_at: Any,
    limits_at: Any,
    alarms: Any,
) -> Any:
    """Score the trades among ticks and write an alarm for each anomaly.

    Parameters
    ----------
    ticks : int64
        Address of TICK[count].
    start, count : int64
        Index of the first tick to take, and number of ticks.
    table_at, mask : int64
        Address of a hash table of ``mask + 1`` int64 words, zero at first; half of it is used.
    rows : int64
        Address of ``(mask + 1) / 2`` rows of `ROW_WORDS` words.
    counts_at : int64
        Address of `COUNTERS` int64 words; ``COUNT_ALARMS`` is set, the others are increased.
    limits_at : int64
        Address of 7 float64 words: thresholds of the four z-scores and of the context, then
        `WARM_UP` and `REFRACTORY`.
    alarms : int64
        Address of room for ``count`` alarms of `ALARM_WORDS` words each.

    Returns
    -------
    int
        The index reached: less than ``count`` if there is no room for a new instrument.
    """
    t = as_i64(ticks)
    table = as_i64(table_at)
    counts = as_i64(counts_at)
    limits = as_f64(limits_at)
    capacity = (mask + 1) // 2
    found = 0
    i = start
    while i < count:
        w = i * TICK_WORDS
        tail = uint64(t[w + 3])
        size_number = uint64(t[w + 2])
        key = int64(size_number >> uint64(32) | tail >> uint64(56) << uint64(32))
        index = row_of(table, mask, rows, counts, capacity, key)
        if index < 0:
            break
        at = rows + index * (8 * ROW_WORDS)
        row = as_i64(at)
        kind = tail >> uint64(32) & uint64(0xFF)
        if kind == uint64(TICK_BID):
            row[BID] = t[w + 1]
        elif kind == uint64(TICK_ASK):
            row[ASK] = t[w + 1]
        elif kind == uint64(TICK_CLEAR):
            forget_last(row)
        elif kind == uint64(TICK_TRADE):
            counts[COUNT_TRADES] += 1
            s = as_f64(at)
            size = float64(size_number & uint64(LOW_HALF))
            score, feature, context = score_trade(row, s, t[w], t[w + 1], size, limits)
            if is_alarm(row, score, limits, counts):
                alarm = as_f64(alarms + found * (8 * ALARM_WORDS))
                write_alarm(alarm, s, i, index, score, feature, context)
                found += 1
        i += 1
    counts[COUNT_ALARMS] = found
    return i
