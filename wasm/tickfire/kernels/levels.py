"""Pivot points: levels drawn from the session before."""

from __future__ import annotations

from tickfire.kernels.guard import MAX_TIME, NAN, blank, larger, smaller, sound, timely
from tickfire.kernels.portable import (
    WRONG_LENGTH,
    Floats,
    In,
    Long,
    LongIn,
    Out,
    State,
    portable,
)
from tickfire.kernels.volume import SESSION_WORDS, session_next

HIGH = SESSION_WORDS
LOW = HIGH + 1
CLOSE = HIGH + 2
READY = HIGH + 3
PIVOT = HIGH + 4
RANGE = HIGH + 5
OLD_HIGH = HIGH + 6
OLD_LOW = HIGH + 7
PIVOTS_WORDS = HIGH + 8


@portable
def pivots_words() -> int:
    """Return the words of the state of `pivots`."""
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
    """Compute the classic (floor) pivot points of the session before; NaN in the first session.

    P = (H + L + C) / 3, R1 = 2 P - L, S1 = 2 P - H, R2 = P + (H - L), S2 = P - (H - L),
    R3 = H + 2 (P - L), S3 = L - 2 (H - P). Sessions are those of `vwap`.
    """
    n = len(ts)
    if len(high) != n or len(low) != n or len(close) != n or len(state) < pivots_words():
        return WRONG_LENGTH
    if len(pivot) != n or len(resistance1) != n or len(support1) != n or len(resistance2) != n:
        return WRONG_LENGTH
    if len(support2) != n or len(resistance3) != n or len(support3) != n:
        return WRONG_LENGTH
    valid = 0 < session_ns <= MAX_TIME and 0 <= offset_ns < session_ns
    if not valid:
        blank(pivot)
        blank(resistance1)
        blank(support1)
        blank(resistance2)
        blank(support2)
        blank(resistance3)
        return blank(support3)
    for i in range(n):
        p = NAN
        top = NAN
        bottom = NAN
        span = NAN
        if timely(ts[i]) and sound(high[i]) and sound(low[i]) and sound(close[i]):
            if session_next(state, ts[i], session_ns, offset_ns):
                turn(state)
            widen(state, high[i], low[i], close[i])
            if state[READY] > 1.0:
                p = state[PIVOT]
                span = state[RANGE]
                top = state[OLD_HIGH]
                bottom = state[OLD_LOW]
        pivot[i] = p
        resistance1[i] = 2.0 * p - bottom
        support1[i] = 2.0 * p - top
        resistance2[i] = p + span
        support2[i] = p - span
        resistance3[i] = top + 2.0 * (p - bottom)
        support3[i] = bottom - 2.0 * (top - p)
    return n


def turn(s: Floats) -> None:
    """End a session: its levels are now the ones drawn."""
    if s[READY] > 0.0:
        s[OLD_HIGH] = s[HIGH]
        s[OLD_LOW] = s[LOW]
        s[RANGE] = s[HIGH] - s[LOW]
        s[PIVOT] = (s[HIGH] + s[LOW] + s[CLOSE]) / 3.0
        s[READY] = 3.0
    else:
        s[READY] = 1.0
    s[HIGH] = NAN


def widen(s: Floats, high: float, low: float, close: float) -> None:
    """Take a bar into the running session."""
    if s[HIGH] == s[HIGH]:
        s[HIGH] = larger(s[HIGH], high)
        s[LOW] = smaller(s[LOW], low)
    else:
        s[HIGH] = high
        s[LOW] = low
    s[CLOSE] = close
