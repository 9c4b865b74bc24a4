"""Bars: open, high, low, close, volume, trades and notional of the trades of one interval.

A running bar is eight consecutive int64 words. The functions take an array or a bare pointer, and
the index of the first word. A ``start`` of 0 means that there is no bar.

The notional, the sum of price times size, is kept modulo 2**64. As it is at least the lowest price
times the volume, the mean price that follows from it is exact while the range of prices times the
volume is below 2**64.
"""

from __future__ import annotations

from typing import Any, Final

from numba import int64, uint64

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
def bar_open(bi: Any, b: Any, start: Any, price: Any, size: Any) -> None:
    """Start a bar with its first trade."""
    bi[b + uint64(START)] = start
    bi[b + uint64(OPEN)] = price
    bi[b + uint64(HIGH)] = price
    bi[b + uint64(LOW)] = price
    bi[b + uint64(CLOSE)] = price
    bi[b + uint64(VOLUME)] = size
    bi[b + uint64(TRADES)] = int64(1)
    bi[b + uint64(NOTIONAL)] = price * size


@helper
def bar_add(bi: Any, b: Any, price: Any, size: Any) -> None:
    """Add a trade to a running bar."""
    bi[b + uint64(HIGH)] = max(price, bi[b + uint64(HIGH)])
    bi[b + uint64(LOW)] = min(price, bi[b + uint64(LOW)])
    bi[b + uint64(CLOSE)] = price
    bi[b + uint64(VOLUME)] += size
    bi[b + uint64(TRADES)] += int64(1)
    bi[b + uint64(NOTIONAL)] += price * size


@helper
def bar_fold(bi: Any, b: Any, piece: Any, start: Any) -> None:
    """Fold a shorter bar (at ``piece``) into a longer one (at ``b``) that starts at ``start``."""
    if bi[b + uint64(START)] == 0:
        for k in range(uint64(OPEN), uint64(WORDS)):
            bi[b + uint64(k)] = bi[piece + uint64(k)]
        bi[b + uint64(START)] = start
        return
    if bi[piece + uint64(HIGH)] > bi[b + uint64(HIGH)]:
        bi[b + uint64(HIGH)] = bi[piece + uint64(HIGH)]
    if bi[piece + uint64(LOW)] < bi[b + uint64(LOW)]:
        bi[b + uint64(LOW)] = bi[piece + uint64(LOW)]
    bi[b + uint64(CLOSE)] = bi[piece + uint64(CLOSE)]
    bi[b + uint64(VOLUME)] += bi[piece + uint64(VOLUME)]
    bi[b + uint64(TRADES)] += bi[piece + uint64(TRADES)]
    bi[b + uint64(NOTIONAL)] += bi[piece + uint64(NOTIONAL)]


@helper
def bar_vwap(bi: Any, b: Any) -> Any:
    """Return the volume-weighted average price in units of 1e-9, or the close without volume."""
    if bi[b + uint64(VOLUME)] <= 0:
        return bi[b + uint64(CLOSE)]
    low = bi[b + uint64(LOW)]
    volume = uint64(bi[b + uint64(VOLUME)])
    above = uint64(bi[b + uint64(NOTIONAL)]) - uint64(low) * volume
    # Half a volume is added to the rest and not to the sum, which may be near 2**64.
    mean = low + int64(above // volume + (above % volume + volume // uint64(2)) // volume)
    return min(mean, bi[b + uint64(HIGH)])  # if the sum has passed 2**64
