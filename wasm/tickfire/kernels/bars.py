"""Bars: open, high, low, close, volume, trades and notional of the trades of one interval.

A running bar is eight consecutive 8-byte words, the last of which is a float64. The functions
take two views of the same memory (``bi`` as int64, ``bf`` as float64) and the index of the first
word, so they work on arrays and on bare pointers. A ``start`` of 0 means that there is no bar.
"""

from __future__ import annotations

from typing import Any, Final

from numba import float64, int64, uint64

from tickfire.kernels.jit import helper
from tickfire.kernels.units import MINUTE_NS as MINUTE_NS
from tickfire.kernels.units import SECOND_NS as SECOND_NS

WORDS: Final = 8
START: Final = 0
OPEN: Final = 1
HIGH: Final = 2
LOW: Final = 3
CLOSE: Final = 4
VOLUME: Final = 5
TRADES: Final = 6
NOTIONAL: Final = 7


@helper
def bar_open(bi: Any, bf: Any, b: Any, start: Any, price: Any, size: Any) -> None:
    """Start a bar with its first trade."""
    bi[b + uint64(START)] = start
    bi[b + uint64(OPEN)] = price
    bi[b + uint64(HIGH)] = price
    bi[b + uint64(LOW)] = price
    bi[b + uint64(CLOSE)] = price
    bi[b + uint64(VOLUME)] = size
    bi[b + uint64(TRADES)] = int64(1)
    bf[b + uint64(NOTIONAL)] = float64(price) * float64(size)


@helper
def bar_add(bi: Any, bf: Any, b: Any, price: Any, size: Any) -> None:
    """Add a trade to a running bar."""
    bi[b + uint64(HIGH)] = max(price, bi[b + uint64(HIGH)])
    bi[b + uint64(LOW)] = min(price, bi[b + uint64(LOW)])
    bi[b + uint64(CLOSE)] = price
    bi[b + uint64(VOLUME)] += size
    bi[b + uint64(TRADES)] += int64(1)
    bf[b + uint64(NOTIONAL)] += float64(price) * float64(size)


@helper
def bar_fold(bi: Any, bf: Any, b: Any, piece: Any, start: Any) -> None:
    """Fold a shorter bar (at ``piece``) into a longer one (at ``b``) that starts at ``start``."""
    if bi[b + uint64(START)] == 0:
        for k in range(uint64(OPEN), uint64(NOTIONAL)):
            bi[b + uint64(k)] = bi[piece + uint64(k)]
        bi[b + uint64(START)] = start
        bf[b + uint64(NOTIONAL)] = bf[piece + uint64(NOTIONAL)]
        return
    if bi[piece + uint64(HIGH)] > bi[b + uint64(HIGH)]:
        bi[b + uint64(HIGH)] = bi[piece + uint64(HIGH)]
    if bi[piece + uint64(LOW)] < bi[b + uint64(LOW)]:
        bi[b + uint64(LOW)] = bi[piece + uint64(LOW)]
    bi[b + uint64(CLOSE)] = bi[piece + uint64(CLOSE)]
    bi[b + uint64(VOLUME)] += bi[piece + uint64(VOLUME)]
    bi[b + uint64(TRADES)] += bi[piece + uint64(TRADES)]
    bf[b + uint64(NOTIONAL)] += bf[piece + uint64(NOTIONAL)]


@helper
def bar_vwap(bi: Any, bf: Any, b: Any) -> Any:
    """Return the volume-weighted average price in units of 1e-9, or the close without volume."""
    volume = bi[b + uint64(VOLUME)]
    if volume <= 0:
        return bi[b + uint64(CLOSE)]
    mean = int64(round(bf[b + uint64(NOTIONAL)] / float64(volume)))
    return min(max(mean, bi[b + uint64(LOW)]), bi[b + uint64(HIGH)])  # rounding may leave the bar
