"""Reference for candles: a fold of all trades in plain Python."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from tests.support.publisher import SECOND
from tickfire.base.units import decimal, milliseconds
from tickfire.store.schema import CLEAR_BEGINS_AGAIN, TICK_CLEAR, TICK_TRADE

MINUTE = 60 * SECOND
type Naive = dict[int, list[int]]


def naive(ticks: Any, interval: int) -> list[list[int]]:
    """Return [start, open, high, low, close, volume, trades] rows of one instrument's ticks."""
    return [row[:7] for row in _with_notional(ticks, interval)]


def _with_notional(ticks: Any, interval: int) -> list[list[int]]:
    bars: Naive = {}
    last_ts, cleared, begins_again = 0, False, False
    for row in ticks:
        ts, price, size = int(row["ts_event"]), int(row["price"]), int(row["size"])
        if row["kind"] == TICK_CLEAR:
            cleared, begins_again = True, size == CLEAR_BEGINS_AGAIN
        if row["kind"] != TICK_TRADE:
            continue
        start = ts - ts % interval
        if cleared and (ts < last_ts or (begins_again and ts == last_ts)):
            bars = {key: bar for key, bar in bars.items() if key < start}
        cleared, last_ts = False, ts
        bar = bars.setdefault(start, [start, price, price, price, price, 0, 0, 0])
        bar[2], bar[3], bar[4] = max(bar[2], price), min(bar[3], price), price
        bar[5] += size
        bar[6] += 1
        bar[7] += price * size
    return [bars[start] for start in sorted(bars)]


def naive_longer(
    minutes: Sequence[Sequence[int]], start_of: Callable[[int], int]
) -> list[list[int]]:
    """Fold rows of one minute into longer ones, whose start is that of their first minute."""
    bars: Naive = {}
    for start, open_, high, low, close, *sums in minutes:
        at = start_of(start)
        bar = bars.setdefault(at, [at, open_, high, low, close, *[0] * len(sums)])
        bar[2], bar[3], bar[4] = max(bar[2], high), min(bar[3], low), close
        bar[5:] = [one + other for one, other in zip(bar[5:], sums, strict=True)]
    return [bars[start] for start in sorted(bars)]


def expected(ticks: Any, seconds: int) -> list[list[int]]:
    return [row[:7] for row in _expected(ticks, seconds)]


def _expected(ticks: Any, seconds: int) -> list[list[int]]:
    if seconds <= 60:
        return _with_notional(ticks, seconds * SECOND)
    minutes = _with_notional(ticks, MINUTE)
    for row in minutes:
        row[7] = _mean(row) * row[5]  # ingest writes the mean of each minute
    return naive_longer(minutes, partial(start_of, seconds=seconds))


def _mean(row: Sequence[int]) -> int:
    """Return the mean price of a row, rounded half up."""
    return (2 * row[7] + row[5]) // (2 * row[5])


def start_of(ns: int, seconds: int) -> int:
    """Return the start of a bar of UTC; weeks begin on Monday, as the Unix epoch did not."""
    offset = 4 * 86_400 if seconds == 7 * 86_400 else 0
    return ns - (ns - offset * SECOND) % (seconds * SECOND)


def sent(ticks: Any, seconds: int) -> list[list[Any]]:
    """Return the candles of ticks as clients get them."""
    return [
        [milliseconds(row[0]), *map(decimal, row[1:5]), *row[5:7], decimal(_mean(row))]
        for row in _expected(ticks, seconds)
    ]
