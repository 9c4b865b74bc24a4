"""Rolling statistics: mean, variance, z-score; correlation and beta of two series."""

from __future__ import annotations

from tickfire.kernels.guard import NAN, blank, ratio, room, root, slot, sound, usable
from tickfire.kernels.portable import WRONG_LENGTH, Floats, In, Out, State, portable
from tickfire.kernels.window import moments_next, moments_words


@portable
def rolling_words(period: int) -> int:
    """Return the number of words in the state of `rolling`."""
    return moments_words(period)


@portable
def rolling(
    src: In, period: int, freedom: int, state: State, mean: Out, variance: Out, zscore: Out
) -> int:
    """Compute the mean, the variance and the z-score of the newest value, from period - 1 on.

    The variance divides by period - ``freedom``, which is 0 for the population's variance and 1
    for a sample's; ``freedom`` must be below the period. A flat window gives exactly the price as
    the mean, and 0 for the variance and the z-score.
    """
    n = len(src)
    if len(mean) != n or len(variance) != n or len(zscore) != n:
        return WRONG_LENGTH
    if len(state) < rolling_words(period):
        return WRONG_LENGTH
    if not usable(period) or freedom < 0 or freedom >= period:
        blank(mean)
        blank(variance)
        return blank(zscore)
    p = float(period)
    degrees = float(period - freedom)
    for i in range(n):
        x = src[i]
        centre = NAN
        spread = NAN
        if sound(x):
            centre, squares = moments_next(state, 0, x, p)
            spread = squares / degrees
        mean[i] = centre
        variance[i] = spread
        zscore[i] = ratio(x - centre, root(spread), 0.0) if centre == centre else NAN
    return n


@portable
def correlation_words(period: int) -> int:
    """Return the number of words in the state of `correlation`: index, filled, prefixes, rings."""
    return 2 + PAIR * (1 + room(period))


PAIR = 5
"""Words of a pair: both means, and the sums of squares and products of deviations from them."""


@portable
def correlation(x: In, y: In, period: int, state: State, coefficient: Out, beta: Out) -> int:
    """Compute the correlation of two series, and the beta (slope) of y on x.

    For the beta of a stock, x is the market's returns and y the stock's. A window in which x is
    flat gives 0 for both; one in which y is flat gives a correlation of 0.
    """
    n = len(x)
    if len(y) != n or len(coefficient) != n or len(beta) != n:
        return WRONG_LENGTH
    if len(state) < correlation_words(period):
        return WRONG_LENGTH
    if not usable(period):
        blank(coefficient)
        return blank(beta)
    for i in range(n):
        xx = NAN
        yy = NAN
        xy = NAN
        if sound(x[i]) and sound(y[i]):
            xx, yy, xy = pair_next(state, 0, x[i], y[i], float(period))
        # Two divisions, because the product of the sums of squares may overflow.
        coefficient[i] = ratio(ratio(xy, root(xx), 0.0), root(yy), 0.0)
        beta[i] = ratio(xy, xx, 0.0)
    return n


def pair_next(s: Floats, b: int, x: float, y: float, p: float) -> tuple[float, float, float]:
    """Return the sums of squares of x and y and of their products, about the window's means."""
    at = slot(s[b], p)
    length = int(p)
    ring = b + 2 + PAIR
    place = ring + int(at)
    s[place] = x
    s[place + length] = y
    if at == 0.0:
        for j in range(PAIR):
            s[b + 2 + j] = 0.0
    add_pair(s, b + 2, 1, x, y, at + 1.0)
    count = at + 1.0
    if count < p:
        s[b] = count
        if s[b + 1] == 0.0:
            return NAN, NAN, NAN
        return merge_pairs(s, b + 2, ring + int(count), length, count, p)
    s[b] = 0.0
    s[b + 1] = 1.0
    xx = s[b + 4]
    yy = s[b + 5]
    xy = s[b + 6]
    suffix_pairs(s, b + 2, ring, length)
    return xx, yy, xy


def add_pair(s: Floats, b: int, stride: int, x: float, y: float, count: float) -> None:
    """Add the count-th pair to five words that are ``stride`` apart."""
    dx = x - s[b]
    dy = y - s[b + stride]
    s[b] += dx / count
    s[b + stride] += dy / count
    away = y - s[b + stride]
    s[b + 2 * stride] += dx * (x - s[b])
    s[b + 3 * stride] += dy * away
    s[b + 4 * stride] += dx * away


def merge_pairs(
    s: Floats, b: int, old: int, length: int, count: float, p: float
) -> tuple[float, float, float]:
    """Combine the suffix at ``old`` and the prefix at ``b``."""
    dx = s[b] - s[old]
    dy = s[b + 1] - s[old + length]
    weight = (p - count) * count / p
    xx = s[b + 2] + s[old + 2 * length] + dx * dx * weight
    yy = s[b + 3] + s[old + 3 * length] + dy * dy * weight
    xy = s[b + 4] + s[old + 4 * length] + dx * dy * weight
    return xx, yy, xy


def suffix_pairs(s: Floats, prefix: int, ring: int, length: int) -> None:
    """Replace the pairs of a full block by their suffixes; overwrites the prefix."""
    for j in range(PAIR):
        s[prefix + j] = 0.0
    count = 0.0
    for j in range(ring + length - 1, ring - 1, -1):
        count += 1.0
        add_pair(s, prefix, 1, s[j], s[j + length], count)
        for k in range(PAIR):
            s[j + k * length] = s[prefix + k]
