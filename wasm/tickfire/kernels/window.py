"""Sums, moments and extremes over a sliding window, in O(1) per step, without subtraction.

Steps are grouped into blocks of one period. A prefix is kept over the current block; when the
block is full, its elements are replaced in place by their suffixes. A window is always the end of
the previous block and the start of the current one, so its value combines one suffix and one
prefix. The results neither drift nor suffer from cancellation, and a value that has left the window
has no further influence.

Each function takes the state ``s``, the index ``b`` of its first word, the new values and the
period ``p`` as a float, and returns NaN until the first window is full. Its words are the index
within the block, whether a block has been filled, the prefixes and the rings.
"""

from __future__ import annotations

from tickfire.kernels.guard import NAN, larger, room, slot, smaller
from tickfire.kernels.portable import Floats


def sum_words(period: int) -> int:
    """Return the number of words that `sum_next` keeps."""
    return 3 + room(period)


def sum_next(s: Floats, b: int, x: float, p: float) -> float:
    """Return the sum of the last p values."""
    at = slot(s[b], p)
    prefix = x if at == 0.0 else s[b + 2] + x
    ring = b + 3
    s[ring + int(at)] = x
    s[b + 2] = prefix
    at += 1.0
    if at < p:
        s[b] = at
        return prefix + s[ring + int(at)] if s[b + 1] != 0.0 else NAN
    s[b] = 0.0
    s[b + 1] = 1.0
    suffix = 0.0
    for j in range(ring + int(p) - 1, ring - 1, -1):
        suffix += s[j]
        s[j] = suffix
    return prefix


RUN_WORDS = 2


def run_next(s: Floats, b: int, x: float) -> float:
    """Return the length of the run of equal newest values, including this one.

    The words are the previous value and the length of its run. A window of p values is flat if
    and only if the run is at least p long. An average over a flat window is then taken to be the
    value itself, free of rounding, so that deviations from it are exactly 0.
    """
    run = s[b + 1] + 1.0 if x == s[b] else 1.0
    s[b] = x
    s[b + 1] = run
    return run


def mean_words(period: int) -> int:
    """Return the number of words that `mean_next` keeps."""
    return RUN_WORDS + sum_words(period)


def mean_next(s: Floats, b: int, x: float, p: float) -> float:
    """Return the mean of the last p values; exactly their value if they are equal."""
    run = run_next(s, b, x)
    mean = sum_next(s, b + RUN_WORDS, x, p) / p
    return x if run >= p else mean


def delay_words(period: int) -> int:
    """Return the number of words that `delay_next` keeps."""
    return 2 + room(period)


def delay_next(s: Floats, b: int, x: float, p: float) -> float:
    """Return the value p steps ago."""
    at = slot(s[b], p)
    place = b + 2 + int(at)
    old = s[place] if s[b + 1] != 0.0 else NAN
    s[place] = x
    at += 1.0
    if at < p:
        s[b] = at
    else:
        s[b] = 0.0
        s[b + 1] = 1.0
    return old


def weighted_words(period: int) -> int:
    """Return the number of words that `weighted_next` keeps."""
    return 4 + 2 * room(period)


def weighted_next(s: Floats, b: int, x: float, p: float) -> tuple[float, float]:
    """Return the sum of the last p values, and their sum weighted 1 (oldest) to p (newest)."""
    at = slot(s[b], p)
    total = x if at == 0.0 else s[b + 2] + x
    weighted = x if at == 0.0 else s[b + 3] + (at + 1.0) * x
    length = int(p)
    ring = b + 4
    s[ring + int(at)] = x
    s[b + 2] = total
    s[b + 3] = weighted
    at += 1.0
    if at < p:
        s[b] = at
        if s[b + 1] == 0.0:
            return NAN, NAN
        old = ring + int(at)
        return total + s[old], weighted + (p - at) * total + s[old + length]
    s[b] = 0.0
    s[b + 1] = 1.0
    suffix = 0.0
    weighted_suffix = 0.0
    for j in range(ring + length - 1, ring - 1, -1):
        suffix += s[j]
        weighted_suffix += suffix
        s[j] = suffix
        s[j + length] = weighted_suffix
    return total, weighted


def extremes_words(period: int) -> int:
    """Return the number of words that `extremes_next` keeps."""
    return 4 + 2 * room(period)


def extremes_next(s: Floats, b: int, high: float, low: float, p: float) -> tuple[float, float]:
    """Return the highest of the last p highs and the lowest of the last p lows."""
    at = slot(s[b], p)
    top = high if at == 0.0 else larger(s[b + 2], high)
    bottom = low if at == 0.0 else smaller(s[b + 3], low)
    length = int(p)
    ring = b + 4
    place = ring + int(at)
    s[place] = high
    s[place + length] = low
    s[b + 2] = top
    s[b + 3] = bottom
    at += 1.0
    if at < p:
        s[b] = at
        if s[b + 1] == 0.0:
            return NAN, NAN
        old = ring + int(at)
        return larger(s[old], top), smaller(s[old + length], bottom)
    s[b] = 0.0
    s[b + 1] = 1.0
    for j in range(ring + length - 2, ring - 1, -1):
        s[j] = larger(s[j], s[j + 1])
        s[j + length] = smaller(s[j + length], s[j + length + 1])
    return top, bottom


def moments_words(period: int) -> int:
    """Return the number of words that `moments_next` keeps."""
    return 4 + 2 * room(period)


def moments_next(s: Floats, b: int, x: float, p: float) -> tuple[float, float]:
    """Return the mean of the last p values and the sum of their squared deviations."""
    at = slot(s[b], p)
    length = int(p)
    ring = b + 4
    s[ring + int(at)] = x
    count = at + 1.0
    before = 0.0 if at == 0.0 else s[b + 2]
    mean = before + (x - before) / count
    squares = 0.0 if at == 0.0 else s[b + 3] + (x - before) * (x - mean)
    s[b + 2] = mean
    s[b + 3] = squares
    if count < p:
        s[b] = count
        if s[b + 1] == 0.0:
            return NAN, NAN
        old = ring + int(count)
        apart = mean - s[old]
        share = count / p
        both = squares + s[old + length] + apart * apart * (p - count) * share
        return s[old] + apart * share, both
    s[b] = 0.0
    s[b + 1] = 1.0
    suffix_mean = 0.0
    suffix_squares = 0.0
    seen = 0.0
    for j in range(ring + length - 1, ring - 1, -1):
        value = s[j]
        seen += 1.0
        away = value - suffix_mean
        suffix_mean += away / seen
        suffix_squares += away * (value - suffix_mean)
        s[j] = suffix_mean
        s[j + length] = suffix_squares
    return mean, squares


def line_words(period: int) -> int:
    """Return the number of words that `line_next` keeps."""
    return 5 + 3 * room(period)


def line_next(s: Floats, b: int, y: float, p: float) -> tuple[float, float, float]:
    """Return the mean of the last p values, their sum of squares and of products with the step.

    Both sums are about the means. Steps are one apart, so terms of steps alone are known in
    advance: the m-th step of a run is m / 2 from the middle of those before it, and the middles
    of the two runs that make up a window are p / 2 apart.
    """
    at = slot(s[b], p)
    length = int(p)
    ring = b + 5
    s[ring + int(at)] = y
    count = at + 1.0
    before = 0.0 if at == 0.0 else s[b + 2]
    mean = before + (y - before) / count
    squares = 0.0 if at == 0.0 else s[b + 3] + (y - before) * (y - mean)
    products = 0.0 if at == 0.0 else s[b + 4] + 0.5 * count * (y - mean)
    s[b + 2] = mean
    s[b + 3] = squares
    s[b + 4] = products
    if count < p:
        s[b] = count
        if s[b + 1] == 0.0:
            return NAN, NAN, NAN
        old = ring + int(count)
        apart = mean - s[old]
        share = count / p
        weight = (p - count) * share
        squares += s[old + length] + apart * apart * weight
        products += s[old + 2 * length] + 0.5 * p * apart * weight
        return s[old] + apart * share, squares, products
    s[b] = 0.0
    s[b + 1] = 1.0
    suffix_mean = 0.0
    suffix_squares = 0.0
    suffix_products = 0.0
    seen = 0.0
    for j in range(ring + length - 1, ring - 1, -1):
        value = s[j]
        seen += 1.0
        away = value - suffix_mean
        suffix_mean += away / seen
        suffix_squares += away * (value - suffix_mean)
        if seen > 1.0:
            suffix_products -= 0.5 * seen * (value - suffix_mean)
        s[j] = suffix_mean
        s[j + length] = suffix_squares
        s[j + 2 * length] = suffix_products
    return mean, squares, products
