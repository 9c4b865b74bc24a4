"""Reference for candles: a fold of all trades in plain Python."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from tests.support.publisher import SECOND
from tickfire.base.units import decimal, milliseconds
from tickfire.store.schema import TICK_CLEAR, TICK_TRADE

MINUTE = 60 * SECOND
type Naive = dict[int, list[int]]


def naive(ticks: Any, interval: int) -> list[list[int]]:
    """Return [start, open, high, low, close, volume, trades] rows of one instrument's ticks."""
    bars: Naive = {}
    last_ts, cleared = 0, False
    for row in ticks:
        ts, price, size = int(row["ts_event"]), int(row["price"]), int(row["size"])
        if row["kind"] == TICK_CLEAR:
            cleared = True
        if row["kind"] != TICK_TRADE:
            continue
        start = ts - ts % interval
        if cleared and ts < last_ts:
            bars = {key: bar for key, bar in bars.items() if key < start}
        cleared, last_ts = False, ts
        bar = bars.setdefault(start, [start, price, price, price, price, 0, 0])
        bar[2], bar[3], bar[4] = max(bar[2], price), min(bar[3], price), price
        bar[5] += size
        bar[6] += 1
    return [bars[start] for start in sorted(bars)]


def naive_longer(
    minutes: Sequence[Sequence[int]], start_of: Callable[[int], int]
) -> list[list[int]]:
    """Fold rows of one minute into longer ones, whose start is that of their first minute."""
    bars: Naive = {}
    for start, open_, high, low, close, volume, count in minutes:
        at = start_of(start)
        bar = bars.setdefault(at, [at, open_, high, low, close, 0, 0])
        bar[2], bar[3], bar[4] = max(bar[2], high), min(bar[3], low), close
        bar[5] += volume
        bar[6] += count
    return [bars[start] for start in sorted(bars)]


def expected(ticks: Any, seconds: int) -> list[list[int]]:
    if seconds <= 60:
        return naive(ticks, seconds * SECOND)
    return naive_longer(naive(ticks, MINUTE), partial(start_of, seconds=seconds))


def start_of(ns: int, seconds: int) -> int:
    """Return the start of a bar of UTC; weeks begin on Monday, as the Unix epoch did not."""
    offset = 4 * 86_400 if seconds == 7 * 86_400 else 0
    return ns - (ns - offset * SECOND) % (seconds * SECOND)


def as_sent(rows: Sequence[Sequence[int]]) -> list[list[Any]]:
    """Return rows of candles as clients get them, without the mean price."""
    return [[milliseconds(row[0]), *map(decimal, row[1:5]), *row[5:]] for row in rows]
