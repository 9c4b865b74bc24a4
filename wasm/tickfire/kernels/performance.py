"""Performance: returns, realised volatility, drawdown."""

from __future__ import annotations

from tickfire.kernels.guard import NAN, blank, larger, root, smaller, sound, usable
from tickfire.kernels.maths import log
from tickfire.kernels.portable import WRONG_LENGTH, In, Out, State, portable
from tickfire.kernels.window import delay_next, delay_words, sum_next, sum_words


@portable
def returns_words(lag: int) -> int:
    """Return the number of words in the state of `returns`."""
    return delay_words(lag)


@portable
def returns(src: In, lag: int, state: State, out: Out) -> int:
    """Compute simple returns over `lag` steps, from element lag on; 0 where prices are flat.

    The return on a price of 0 is NaN.
    """
    n = len(src)
    if len(out) != n or len(state) < returns_words(lag):
        return WRONG_LENGTH
    if not usable(lag):
        return blank(out)
    for i in range(n):
        x = src[i]
        before = delay_next(state, 0, x, float(lag)) if sound(x) else NAN
        out[i] = (x - before) / before if before != 0.0 else NAN
    return n


@portable
def log_returns_words(lag: int) -> int:
    """Return the number of words in the state of `log_returns`."""
    return delay_words(lag)


@portable
def log_returns(src: In, lag: int, state: State, out: Out) -> int:
    """Compute logarithmic returns over `lag` steps, from element lag on; 0 where prices are flat.

    The result is NaN where either price is not above 0.
    """
    n = len(src)
    if len(out) != n or len(state) < log_returns_words(lag):
        return WRONG_LENGTH
    if not usable(lag):
        return blank(out)
    for i in range(n):
        x = src[i]
        before = delay_next(state, 0, x, float(lag)) if sound(x) else NAN
        out[i] = growth(before, x)
    return n


def growth(before: float, x: float) -> float:
    """Return log(x / before), or NaN if either is not above 0."""
    return log(x / before) if before > 0.0 and x > 0.0 else NAN


@portable
def realised_volatility_words(period: int) -> int:
    """Return the number of words in the state of `realised_volatility`: previous price, sum."""
    return 1 + sum_words(period)


@portable
def realised_volatility(src: In, period: int, per_year: float, state: State, out: Out) -> int:
    """Compute annualised realised volatility, from element period on; 0 in a flat window.

    It is the root mean square of the log returns, times the root of ``per_year``, the number of
    steps in a year. Prices that are not above 0 are skipped.
    """
    n = len(src)
    if len(out) != n or len(state) < realised_volatility_words(period):
        return WRONG_LENGTH
    if not usable(period) or not sound(per_year) or per_year < 0.0:
        return blank(out)
    p = float(period)
    for i in range(n):
        x = src[i]
        out[i] = NAN
        if sound(x) and x > 0.0:
            change = growth(state[0], x)
            state[0] = x
            if change == change:
                out[i] = root(sum_next(state, 1, change * change, p) * (per_year / p))
    return n


@portable
def drawdown_words() -> int:
    """Return the number of words in the state of `drawdown`: peak, deepest."""
    return 2


@portable
def drawdown(src: In, state: State, out: Out, deepest: Out) -> int:
    """Compute the drawdown from the highest value so far, as a fraction, and the deepest so far.

    Both are 0 or negative; 0 while prices are flat from the start, and unchanged in a halt. They
    are NaN until a value is above 0.
    """
    n = len(src)
    if len(out) != n or len(deepest) != n or len(state) < drawdown_words():
        return WRONG_LENGTH
    for i in range(n):
        out[i] = NAN
        deepest[i] = NAN
        if sound(src[i]):
            peak = larger(state[0], src[i])
            state[0] = peak
            if peak > 0.0:
                fall = (src[i] - peak) / peak
                state[1] = smaller(state[1], fall)
                out[i] = fall
                deepest[i] = state[1]
    return n
