"""Volume indicators: OBV, VWAP by session and from an anchor, volume profile, value area."""

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
    """Return the number of words in the state of `obv`: seen, previous close, the balance."""
    return 3


@portable
def obv(close: In, volume: In, state: State, out: Out) -> int:
    """Compute on-balance volume, starting with the first volume; unchanged by an equal close."""
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
"""Words of a session: whether there is one, and the two words of its start."""


@portable
def vwap_words() -> int:
    """Return the number of words in the state of `vwap`: the session, then its mean price."""
    return SESSION_WORDS + TRADED_WORDS


@portable
def vwap(
    ts: LongIn, price: In, volume: In, session_ns: Long, offset_ns: Long, state: State, out: Out
) -> int:
    """Compute the volume-weighted average price of the session; NaN before its first volume.

    Sessions are ``session_ns`` long and start ``offset_ns`` after multiples of it: 86400e9 and 0
    for a UTC day. For bars, the price is usually the typical price. A session whose trades have
    one price gives exactly that price.
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
    """Return the start of the current session, or `-session_ns` if there is none."""
    return kept_long(s, 1) if s[0] != 0.0 else -session_ns


def begin_session(s: Floats, ts: int, session_ns: int, offset_ns: int) -> int:
    """Start the session that contains `ts`; return its start."""
    start = (ts - offset_ns) // session_ns * session_ns + offset_ns
    s[0] = 1.0
    keep_long(s, 1, start)
    return start


TRADED_WORDS = 4
"""Words: notional, volume, last traded price, and whether there was any other price."""


def traded_next(s: Floats, b: int, price: float, volume: float) -> float:
    """Return the mean price of all volume so far; exactly the price if there was only one."""
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
    """Compute the volume-weighted average price since the time ``anchor_ns``; NaN before it.

    If all trades since then have one price, the result is exactly that price.
    """
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
    """Add volume to the bins of a profile; return the number of elements within its bins.

    The bins are ``step`` wide and start at ``lowest``. Volume is added to that already in the
    profile; a fresh profile is all zeros.
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

    Starting from the fullest bin, the area grows by the fuller of its two neighbours, the upper
    one if they are equal, until it holds ``share`` (0 to 1, usually 0.7) of all volume. All three
    are NaN if no bin holds volume or ``share`` is out of range.
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
    """Return the volume in a bin: 0 if it is unusable, -1 beyond the ends, to never be chosen."""
    if i < 0 or i >= len(profile):
        return -1.0
    x = profile[i]
    return x if sound(x) and x > 0.0 else 0.0
