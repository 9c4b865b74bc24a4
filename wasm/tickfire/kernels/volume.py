"""Volume: OBV, VWAP by session and from an anchor, the volume profile and its value area."""

from __future__ import annotations

from tickfire.kernels.guard import (
    MAX_TIME,
    NAN,
    blank,
    keep_long,
    kept_long,
    ratio,
    sign,
    sound,
    timely,
)
from tickfire.kernels.portable import (
    WRONG_LENGTH,
    Floats,
    In,
    Long,
    LongIn,
    Out,
    State,
    Store,
    portable,
)


@portable
def obv_words() -> int:
    """Return the number of words in the state of `obv`: seen, previous close, the volume on balance."""
    return 3


@portable
def obv(close: In, volume: In, state: State, out: Out) -> int:
    """Compute on-balance volume; it begins with the first volume."""
    n = len(close)
    if len(volume) != n or len(out) != n or len(state) < obv_words():
        return WRONG_LENGTH
    for i in range(n):
        out[i] = NAN
        if sound(close[i]) and sound(volume[i]):
            if state[0] == 0.0:
                state[0] = 1.0
                state[2] = volume[i]
            else:
                state[2] += volume[i] * sign(close[i], state[1])
            state[1] = close[i]
            out[i] = state[2]
    return n


SESSION_WORDS = 3
"""Whether a session runs, and its first instant."""


@portable
def vwap_words() -> int:
    """Return the number of words in the state of `vwap`: the session, then its mean price."""
    return SESSION_WORDS + TRADED_WORDS


@portable
def vwap(
    ts: LongIn, price: In, volume: In, session_ns: Long, offset_ns: Long, state: State, out: Out
) -> int:
    """Compute the volume-weighted average price of the session; NaN until something was traded.

    Sessions are ``session_ns`` long and begin ``offset_ns`` after multiples of it: a UTC day is
    86400e9 and 0. Of bars, the price is usually the typical price.
    """
    n = len(ts)
    if len(price) != n or len(volume) != n or len(out) != n or len(state) < vwap_words():
        return WRONG_LENGTH
    if not (0 < session_ns < MAX_TIME and 0 <= offset_ns < session_ns):
        return blank(out)
    start = session_start(state, session_ns)
    for i in range(n):
        out[i] = NAN
        if timely(ts[i]) and sound(price[i]) and sound(volume[i]):
            if ts[i] - start >= session_ns:
                start = begin_session(state, ts[i], session_ns, offset_ns)
                for j in range(SESSION_WORDS, SESSION_WORDS + TRADED_WORDS):
                    state[j] = 0.0
            out[i] = traded_next(state, SESSION_WORDS, price[i], volume[i])
    return n


def session_start(s: Floats, session_ns: int) -> int:
    """Return the first instant of the running session, one too early for any if none runs."""
    return kept_long(s, 1) if s[0] != 0.0 else -session_ns


def begin_session(s: Floats, ts: int, session_ns: int, offset_ns: int) -> int:
    """Begin the session of an instant; return its first. What comes late begins none."""
    start = (ts - offset_ns) // session_ns * session_ns + offset_ns
    s[0] = 1.0
    keep_long(s, 1, start)
    return start


TRADED_WORDS = 4
"""Notional, volume, the price traded last, and whether any other price was traded before."""


def traded_next(s: Floats, b: int, price: float, volume: float) -> float:
    """Return the mean price of all volume so far, exactly the price where there was only one."""
    if volume != 0.0:
        if s[b + 1] != 0.0 and price != s[b + 2]:
            s[b + 3] = 1.0
        s[b + 2] = price
    s[b] += price * volume
    s[b + 1] += volume
    mean = ratio(s[b], s[b + 1], NAN)
    return s[b + 2] if s[b + 3] == 0.0 and s[b + 1] != 0.0 else mean


@portable
def vwap_anchored_words() -> int:
    """Return the number of words in the state of `vwap_anchored`."""
    return TRADED_WORDS


@portable
def vwap_anchored(
    ts: LongIn, price: In, volume: In, anchor_ns: Long, state: State, out: Out
) -> int:
    """Compute the volume-weighted average price since an instant; NaN before it."""
    n = len(ts)
    if len(price) != n or len(volume) != n or len(out) != n:
        return WRONG_LENGTH
    if len(state) < vwap_anchored_words():
        return WRONG_LENGTH
    for i in range(n):
        clean = timely(ts[i]) and sound(price[i]) and sound(volume[i])
        counts = clean and ts[i] >= anchor_ns
        out[i] = traded_next(state, 0, price[i], volume[i]) if counts else NAN
    return n


@portable
def volume_profile(price: In, volume: In, lowest: float, step: float, profile: Store) -> int:
    """Add volume to the bins of a profile; return how many elements fell in.

    The bins are ``step`` wide, from ``lowest`` on. The profile goes on from what it holds: zeros
    for a fresh one.
    """
    n = len(price)
    if len(volume) != n:
        return WRONG_LENGTH
    if not (sound(lowest) and sound(step)) or step <= 0.0:
        return 0
    counted = 0
    bins = float(len(profile))
    for i in range(n):
        if sound(price[i]) and sound(volume[i]):
            place = (price[i] - lowest) / step
            if 0.0 <= place < bins:
                profile[int(place)] += volume[i]
                counted += 1
    return counted


@portable
def value_area(profile: In, share: float, area: Store) -> int:
    """Write the profile's fullest bin and the first and last bin of its value area; return 3.

    The area grows from the fullest bin by the fuller of its two neighbours, the upper one if they
    are equal, until it holds ``share`` (0 to 1, usually 0.7) of all volume. Without any volume
    above zero all three are NaN.
    """
    if len(area) != 3:
        return WRONG_LENGTH
    total = 0.0
    peak = -1
    for i in range(len(profile)):
        if sound(profile[i]) and profile[i] > 0.0:
            total += profile[i]
            if peak < 0 or profile[i] > profile[peak]:
                peak = i
    if peak < 0 or not 0.0 <= share <= 1.0:
        return blank(area)
    first = peak
    last = peak
    held = profile[peak]
    while held < share * total and (first > 0 or last < len(profile) - 1):
        below = bin_of(profile, first - 1)
        above = bin_of(profile, last + 1)
        if above >= below:
            last += 1
            held += above
        else:
            first -= 1
            held += below
    area[0] = float(peak)
    area[1] = float(first)
    area[2] = float(last)
    return 3


def bin_of(profile: In, i: int) -> float:
    """Return what a bin holds: 0 if nothing sound, -1 beyond the ends, so that they never win."""
    if i < 0 or i >= len(profile):
        return -1.0
    x = profile[i]
    return x if sound(x) and x > 0.0 else 0.0
