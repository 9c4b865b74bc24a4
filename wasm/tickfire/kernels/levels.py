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
from tickfire.kernels.volume import SESSION_WORDS, begin_session, session_start

HIGH = SESSION_WORDS
LOW = HIGH + 1
CLOSE = HIGH + 2
READY = HIGH + 3
OLD_HIGH = HIGH + 4
OLD_LOW = HIGH + 5
OLD_CLOSE = HIGH + 6
PIVOTS_WORDS = HIGH + 7


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
    for i in range(n):
        p = NAN
        top = NAN
        bottom = NAN
        if timely(ts[i]) and sound(high[i]) and sound(low[i]) and sound(close[i]):
            if ts[i] - start >= session_ns:
                start = begin_session(state, ts[i], session_ns, offset_ns)
                turn(state)
            widen(state, high[i], low[i], close[i])
            top = state[OLD_HIGH]
            bottom = state[OLD_LOW]
            p = (top + bottom + state[OLD_CLOSE]) / 3.0
        pivot[i] = p
        resistance1[i] = 2.0 * p - bottom
        support1[i] = 2.0 * p - top
        resistance2[i] = p + (top - bottom)
        support2[i] = p - (top - bottom)
        resistance3[i] = top + 2.0 * (p - bottom)
        support3[i] = bottom - 2.0 * (top - p)
    return n


def turn(s: Floats) -> None:
    """End a session: its levels are now the ones drawn; none before the first has ended."""
    s[OLD_HIGH] = s[HIGH] if s[READY] != 0.0 else NAN
    s[OLD_LOW] = s[LOW]
    s[OLD_CLOSE] = s[CLOSE]
    s[READY] = 0.0


def widen(s: Floats, high: float, low: float, close: float) -> None:
    """Take a bar into the running session."""
    if s[READY] == 0.0:
        s[READY] = 1.0
        s[HIGH] = high
        s[LOW] = low
    s[HIGH] = larger(s[HIGH], high)
    s[LOW] = smaller(s[LOW], low)
    s[CLOSE] = close
