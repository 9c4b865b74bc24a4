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
LEVELS = HIGH + 4
LEVEL_COUNT = 7
PIVOTS_WORDS = LEVELS + LEVEL_COUNT


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
        clean = timely(ts[i]) and sound(high[i]) and sound(low[i]) and sound(close[i])
        if clean:
            if ts[i] - start >= session_ns:
                start = begin_session(state, ts[i], session_ns, offset_ns)
                turn(state)
            widen(state, high[i], low[i], close[i])
        pivot[i] = state[LEVELS] if clean else NAN
        resistance1[i] = state[LEVELS + 1] if clean else NAN
        support1[i] = state[LEVELS + 2] if clean else NAN
        resistance2[i] = state[LEVELS + 3] if clean else NAN
        support2[i] = state[LEVELS + 4] if clean else NAN
        resistance3[i] = state[LEVELS + 5] if clean else NAN
        support3[i] = state[LEVELS + 6] if clean else NAN
    return n


def turn(s: Floats) -> None:
    """End a session: its levels are now the ones drawn; none before the first has ended."""
    high = s[HIGH] if s[READY] != 0.0 else NAN
    low = s[LOW] if s[READY] != 0.0 else NAN
    p = (high + low + s[CLOSE]) / 3.0
    s[LEVELS] = p
    s[LEVELS + 1] = 2.0 * p - low
    s[LEVELS + 2] = 2.0 * p - high
    s[LEVELS + 3] = p + (high - low)
    s[LEVELS + 4] = p - (high - low)
    s[LEVELS + 5] = high + 2.0 * (p - low)
    s[LEVELS + 6] = low - 2.0 * (high - p)
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
