"""History of a symbol over the instruments that it stood for, joined at the bounds of mappings.

A continuous symbol such as ``ES.c.0`` moves from instrument to instrument, and an instrument may be
given another symbol. A bar belongs to the instrument that the symbol stood for at the bar's start;
a longer bar that a bound divides is folded from the minutes on both sides. Pure.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from tickfire.base.units import NS_PER_S
from tickfire.server.market.candles.candles import LIMIT, Candles
from tickfire.server.market.candles.series import COLUMNS, SPARE, START, Bars, fold, overlaid
from tickfire.store.schema import MINUTE_S


class Span(NamedTuple):
    """A range of time in which a symbol stands for the instrument of a slot.

    Attributes
    ----------
    slot : int
    start, end : int
        In ns since the Unix epoch; `end` is exclusive.
    """

    slot: int
    start: int
    end: int


type Track = tuple[Span, ...]
"""The spans of one symbol, in order and without overlap."""

NO_BARS: Final = np.zeros((0, COLUMNS), np.int64)


def clipped(bars: Bars, span: Span) -> Bars:
    """Return the bars that start within a span."""
    begin, end = np.searchsorted(bars[:, START], (span.start, span.end))
    return bars[begin:end]


def history(candles: Candles, track: Track, interval_s: int, limit: int) -> Bars:
    """Return int64[n <= limit, COLUMNS]: the newest bars, oldest first, and the running one."""
    if len(track) == 1 and not track[0].start:
        (span,) = track
        return clipped(candles.history(span.slot, interval_s, limit), span)
    return before(candles, track, interval_s, track[-1].end, limit)


def before(candles: Candles, track: Track, interval_s: int, time: int, limit: int) -> Bars:
    """Return int64[n <= limit, COLUMNS]: the newest kept bars that start before a time (ns)."""
    parts = [
        clipped(candles.before(span.slot, interval_s, min(time, span.end), limit), span)
        for span in track
    ]
    joined = np.concatenate([NO_BARS, *parts])
    if interval_s > MINUTE_S and (divided := _divided(track, interval_s)):
        minutes = before(candles, track, MINUTE_S, time, LIMIT + SPARE)
        whole = fold(minutes, interval_s * NS_PER_S)
        joined = overlaid([joined, whole[np.isin(whole[:, START], divided)]])
    return joined[-limit:]


def has_before(candles: Candles, track: Track, interval_s: int, time: int) -> bool:
    """Return whether a bar that is kept starts before a time, in ns since the Unix epoch."""
    return len(before(candles, track, interval_s, time, 1)) > 0


def is_truncated(candles: Candles, track: Track, interval_s: int) -> bool:
    """Return whether older bars were dropped because of the limit."""
    return any(candles.is_truncated(span.slot, interval_s) for span in track)


def _divided(track: Track, interval_s: int) -> list[int]:
    """Return the starts of the bars that a bound of the track divides."""
    length = interval_s * NS_PER_S
    bounds = [span.start for span in track] + [span.end for span in track[:-1]]
    return [bound - bound % length for bound in bounds if bound % length]
