"""Running bars, as the words of an instrument's state hold them. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from tickfire.kernels.bars import CLOSE, HIGH, LOW, NOTIONAL, TRADES, VOLUME, WORDS
from tickfire.server.market.candles.series import Bar, piece


def running_piece(words: Sequence[int], at: int, start: int | None = None) -> Bar:
    """Return the piece that a running bar is, as ingest would close it.

    Parameters
    ----------
    words : sequence of int
    at : int
        The index of the first word of the bar.
    start : int, optional
        The start of the piece, in ns; by default that of the bar.
    """
    begin, open_, high, low, close, volume, trades, notional = words[at : at + WORDS]
    mean = _vwap(low, volume, notional) if volume else close
    return piece(start or begin, open_, high, low, close, volume, trades, min(mean, high))


def folded(words: Sequence[int], longer: int, shorter: int) -> list[int]:
    """Return the words of a bar with a shorter one folded in, given where they begin."""
    bar, part = list(words[longer : longer + WORDS]), words[shorter : shorter + WORDS]
    bar[HIGH] = max(bar[HIGH], part[HIGH])
    bar[LOW] = min(bar[LOW], part[LOW])
    bar[CLOSE] = part[CLOSE]
    for word in (VOLUME, TRADES, NOTIONAL):
        bar[word] += part[word]
    return bar


def _vwap(low: int, volume: int, notional: int) -> int:
    """Return the mean price, rounded half up; the notional is known modulo 2**64."""
    above = (notional - low * volume) % 2**64
    return low + (2 * above + volume) // (2 * volume)
