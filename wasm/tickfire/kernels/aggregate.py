"""Bars of any interval from ticks, and longer bars from shorter ones.

A bar starts at a multiple of its interval and covers the trades up to the next multiple; an
interval without trades has no bar. A late trade is added to the running bar, because a closed bar
is never reopened. Closed bars fill the rows from 0 on, and the running bar, if there is one,
follows in the next row. A call returns early if it has to close a bar and no row is left: the
state's word `TAKEN` is the number of elements consumed, and the caller continues from there.
"""

from __future__ import annotations

from typing import Final

from tickfire.kernels.guard import (
    MAX_TIME,
    NAN,
    keep_long,
    kept_long,
    larger,
    smaller,
    sound,
    timely,
)
from tickfire.kernels.portable import (
    WRONG_LENGTH,
    Floats,
    In,
    Long,
    LongIn,
    Longs,
    LongStore,
    State,
    Store,
    portable,
)
from tickfire.kernels.units import PRICE_SCALE

TAKEN: Final = 0
RUNS: Final = 1
START: Final = 2
OPEN: Final = 4
HIGH: Final = 5
LOW: Final = 6
CLOSE: Final = 7
VOLUME: Final = 8
NOTIONAL: Final = 9
BAR_WORDS: Final = 10


@portable
def bars_words() -> int:
    """Return the number of words in the state of `bars`: `TAKEN`, `RUNS`, the running bar."""
    return BAR_WORDS


@portable
def bars(
    ts: LongIn,
    price: In,
    size: In,
    interval_ns: Long,
    state: State,
    start: LongStore,
    open: Store,
    high: Store,
    low: Store,
    close: Store,
    volume: Store,
    vwap: Store,
) -> int:
    """Fold trades into bars of `interval_ns` nanoseconds; return the number of bars closed.

    Trades of one price give bars whose VWAP is exactly that price.
    """
    n = len(ts)
    rows = len(start)
    if len(price) != n or len(size) != n or len(state) < bars_words() or rows < 1:
        return WRONG_LENGTH
    if len(open) != rows or len(high) != rows or len(low) != rows or len(close) != rows:
        return WRONG_LENGTH
    if len(volume) != rows or len(vwap) != rows:
        return WRONG_LENGTH
    closed = 0
    taken = 0
    first = bar_start(state, interval_ns)
    if 0 < interval_ns < MAX_TIME:
        for i in range(n):
            x = price[i]
            if timely(ts[i]) and sound(x) and sound(size[i]):
                if ts[i] - first >= interval_ns:
                    if state[RUNS] != 0.0:
                        if closed + 1 >= rows:
                            break
                        write_bar(state, closed, start, open, high, low, close, volume, vwap)
                        closed += 1
                    first = begin_bar(state, ts[i], interval_ns, x, x, x)
                add_bar(state, x, x, x, size[i], x)
            taken += 1
    state[TAKEN] = float(taken)
    write_bar(state, closed, start, open, high, low, close, volume, vwap)
    return closed


@portable
def longer_bars_words() -> int:
    """Return the number of words in the state of `longer_bars`."""
    return BAR_WORDS


@portable
def longer_bars(
    ts: LongIn,
    opens: In,
    highs: In,
    lows: In,
    closes: In,
    volumes: In,
    vwaps: In,
    interval_ns: Long,
    state: State,
    start: LongStore,
    open: Store,
    high: Store,
    low: Store,
    close: Store,
    volume: Store,
    vwap: Store,
) -> int:
    """Fold closed bars into longer bars; return the number of longer bars closed."""
    n = len(ts)
    rows = len(start)
    if len(opens) != n or len(highs) != n or len(lows) != n or len(closes) != n:
        return WRONG_LENGTH
    if len(volumes) != n or len(vwaps) != n or len(state) < longer_bars_words() or rows < 1:
        return WRONG_LENGTH
    if len(open) != rows or len(high) != rows or len(low) != rows or len(close) != rows:
        return WRONG_LENGTH
    if len(volume) != rows or len(vwap) != rows:
        return WRONG_LENGTH
    closed = 0
    taken = 0
    first = bar_start(state, interval_ns)
    if 0 < interval_ns < MAX_TIME:
        for i in range(n):
            clean = timely(ts[i]) and sound(opens[i]) and sound(highs[i]) and sound(lows[i])
            if clean and sound(closes[i]) and sound(volumes[i]) and sound(vwaps[i]):
                if ts[i] - first >= interval_ns:
                    if state[RUNS] != 0.0:
                        if closed + 1 >= rows:
                            break
                        write_bar(state, closed, start, open, high, low, close, volume, vwap)
                        closed += 1
                    first = begin_bar(state, ts[i], interval_ns, opens[i], highs[i], lows[i])
                add_bar(state, highs[i], lows[i], closes[i], volumes[i], vwaps[i])
            taken += 1
    state[TAKEN] = float(taken)
    write_bar(state, closed, start, open, high, low, close, volume, vwap)
    return closed


def bar_start(s: Floats, interval_ns: int) -> int:
    """Return the start of the running bar, or `-interval_ns` if there is none."""
    return kept_long(s, START) if s[RUNS] != 0.0 else -interval_ns


def begin_bar(s: Floats, ts: int, interval_ns: int, open: float, high: float, low: float) -> int:
    """Start the bar that contains `ts`; return the start of its interval."""
    first = ts // interval_ns * interval_ns
    s[RUNS] = 1.0
    keep_long(s, START, first)
    s[OPEN] = open
    s[HIGH] = high
    s[LOW] = low
    s[VOLUME] = 0.0
    s[NOTIONAL] = 0.0
    return first


def add_bar(s: Floats, high: float, low: float, close: float, volume: float, vwap: float) -> None:
    """Add a trade or a shorter bar to the running bar."""
    s[HIGH] = larger(s[HIGH], high)
    s[LOW] = smaller(s[LOW], low)
    s[CLOSE] = close
    s[VOLUME] += volume
    s[NOTIONAL] += vwap * volume


def write_bar(
    s: Floats,
    row: int,
    start: Longs,
    open: Floats,
    high: Floats,
    low: Floats,
    close: Floats,
    volume: Floats,
    vwap: Floats,
) -> None:
    """Write the running bar into a row, or NaN if there is none.

    The VWAP of a bar without volume is its close.
    """
    runs = s[RUNS] != 0.0
    start[row] = kept_long(s, START) if runs else 0
    open[row] = s[OPEN] if runs else NAN
    high[row] = s[HIGH] if runs else NAN
    low[row] = s[LOW] if runs else NAN
    close[row] = s[CLOSE] if runs else NAN
    volume[row] = s[VOLUME] if runs else NAN
    mean = s[CLOSE] if s[VOLUME] == 0.0 else s[NOTIONAL] / s[VOLUME]
    mean = smaller(larger(mean, s[LOW]), s[HIGH])  # rounding may have left the bar
    vwap[row] = mean if runs else NAN


TICK_WORDS: Final = 4
"""8-byte words of a TICK: ts_event; price; size and id; sequence, kind, side, flags and feed."""

LOW_32: Final = 0xFFFF_FFFF
LOW_8: Final = 0xFF
KIND_SHIFT: Final = 32
KIND_TRADE: Final = 1


@portable
def trades(ticks: LongIn, ts: LongStore, price: Store, size: Store) -> int:
    """Extract the trades from packed TICK records of 4 words each; return the number of trades.

    Prices are in units of the currency and times in ns. The output arrays must have one row per
    record.
    """
    n = len(ticks) // TICK_WORDS
    if n * TICK_WORDS != len(ticks) or len(ts) != n or len(price) != n or len(size) != n:
        return WRONG_LENGTH
    found = 0
    for i in range(n):
        if (ticks[TICK_WORDS * i + 3] >> KIND_SHIFT) & LOW_8 == KIND_TRADE:
            ts[found] = ticks[TICK_WORDS * i]
            price[found] = float(ticks[TICK_WORDS * i + 1]) / PRICE_SCALE
            size[found] = float(ticks[TICK_WORDS * i + 2] & LOW_32)
            found += 1
    return found
