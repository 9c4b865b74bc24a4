"""Pivot points: price levels computed from the previous session."""

from __future__ import annotations

from tickfire.kernels.guard import MAX_TIME, NAN, blank, larger, smaller, sound, timely
from tickfire.kernels.portable import (
    WRONG_LENGTH,
    In,
    Long,
    LongIn,
    Out,
    State,
    portable,
)
from tickfire.kernels.ranges import mean_of_three
from tickfire.kernels.volume import SESSION_WORDS, begin_session, session_start

HIGH = SESSION_WORDS
LOW = HIGH + 1
CLOSE = HIGH + 2
PIVOT = HIGH + 3
LAST_HIGH = HIGH + 4
LAST_LOW = HIGH + 5
PIVOTS_WORDS = HIGH + 6


@portable
def pivots_words() -> int:
    """Return the number of words in the state of `pivots`."""
    return PIVOTS_WORDS


@portable
def pivots(
    ts: LongIn,
    high: In,
    low: In,
    close: In,
    session_ns: Long,
    offset_ns: Long,
    state: State,
    pivot: Out,
    resistance1: Out,
    support1: Out,
    resistance2: Out,
    support2: Out,
    resistance3: Out,
    support3: Out,
) -> int:
    """Compute the classic (floor) pivot points of the previous session; NaN in the first session.

    P = (H + L + C) / 3, R1 = 2 P - L, S1 = 2 P - H, R2 = P + (H - L), S2 = P - (H - L),
    R3 = H + 2 (P - L), S3 = L - 2 (H - P). Sessions are those of `vwap`.
    After a flat session all seven are exactly the price.
    """
    n = len(ts)
    if len(high) != n or len(low) != n or len(close) != n or len(state) < pivots_words():
        return WRONG_LENGTH
    if len(pivot) != n or len(resistance1) != n or len(support1) != n or len(resistance2) != n:
        return WRONG_LENGTH
    if len(support2) != n or len(resistance3) != n or len(support3) != n:
        return WRONG_LENGTH
    valid = 0 < session_ns < MAX_TIME and 0 <= offset_ns < session_ns
    if not valid:
        blank(pivot)
        blank(resistance1)
        blank(support1)
        blank(resistance2)
        blank(support2)
        blank(resistance3)
        return blank(support3)
    start = session_start(state, session_ns)
    runs = state[0] != 0.0
    highest = state[HIGH] if runs else NAN
    lowest = state[LOW] if runs else NAN
    last = state[CLOSE] if runs else NAN
    p = state[PIVOT] if runs else NAN
    top = state[LAST_HIGH] if runs else NAN
    bottom = state[LAST_LOW] if runs else NAN
    for i in range(n):
        clean = timely(ts[i]) and sound(high[i]) and sound(low[i]) and sound(close[i])
        if clean:
            if ts[i] - start >= session_ns:
                start = begin_session(state, ts[i], session_ns, offset_ns)
                p = mean_of_three(highest, lowest, last)
                top = highest
                bottom = lowest
                highest = high[i]
                lowest = low[i]
            highest = larger(highest, high[i])
            lowest = smaller(lowest, low[i])
            last = close[i]
        drawn = p if clean else NAN
        pivot[i] = drawn
        resistance1[i] = 2.0 * drawn - bottom
        support1[i] = 2.0 * drawn - top
        resistance2[i] = drawn + (top - bottom)
        support2[i] = drawn - (top - bottom)
        resistance3[i] = top + 2.0 * (drawn - bottom)
        support3[i] = bottom - 2.0 * (top - drawn)
    if state[0] != 0.0:
        state[HIGH] = highest
        state[LOW] = lowest
        state[CLOSE] = last
        state[PIVOT] = p
        state[LAST_HIGH] = top
        state[LAST_LOW] = bottom
    return n
