"""Hypothesis strategies of arguments for any kernel, read off its signature."""

from __future__ import annotations

import os
from types import FunctionType
from typing import Any

import numpy as np
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.support.kernels.engines import Arguments
from tickfire.kernels.guard import MAX_PERIOD
from tickfire.kernels.portable import Kind, signature_of, words_function

EXAMPLES = int(os.environ.get("TICKFIRE_KERNEL_EXAMPLES", "12"))
"""Examples per kernel; the full run has 1,000."""

quick = settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)

LONGEST = 70
AWKWARD = (0.1, 101.37, 1 / 3, 1e-9, 123_456_789.1, 1e90, -0.7)
"""Prices whose multiples are rounded."""
KINDS = (
    "walk", "flat", "halt", "steps", "nan", "infinite", "denormal", "huge", "bits", "signed", "zero"
)  # fmt: skip
PERIODS = st.one_of(
    st.integers(1, 12), st.sampled_from([0, -1, 26, 60, 300, MAX_PERIOD + 1, 2**31 - 1, -(2**31)])
)
FLOATS = st.one_of(
    st.sampled_from([2.0, 0.02, 0.2, 1.0, 252.0, 0.7, 99.0, 0.0, -1.0, 1e100, 1e-300]),
    st.floats(allow_nan=True, allow_infinity=True),
)
LONGS = st.one_of(
    st.integers(1, 50),
    st.sampled_from([0, -1, 10**9, 60 * 10**9, 86_400 * 10**9, 2**62, 2**63 - 1, -(2**63)]),
)


def floats(kind: str, n: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return n float64 of a kind, from plain prices to random bits."""
    x: NDArray[Any] = 100.0 + np.cumsum(rng.standard_normal(n))
    some = rng.random(n) < 0.1
    if kind == "flat":
        x[:] = rng.choice(AWKWARD)
    elif kind == "halt":
        x[n // 3 :] = rng.choice(AWKWARD)
    elif kind == "steps":
        x = rng.integers(1, 4, n).astype(np.float64)
    elif kind == "nan":
        x[some] = np.nan
    elif kind == "infinite":
        x[some] = rng.choice([np.inf, -np.inf], n)[some]
    elif kind == "denormal":
        x = rng.integers(-3, 1000, n) * 5e-324
    elif kind == "huge":
        x = x * float(10.0 ** int(rng.integers(90, 306)))
    elif kind == "bits":
        x = rng.integers(0, 2**64, n, dtype=np.uint64).view(np.float64).copy()
    elif kind == "signed":
        x = rng.standard_normal(n)
        x[some] = -0.0
    elif kind == "zero":
        x[:] = 0.0
    return x


def longs(kind: str, n: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Return n instants in ns: mostly rising, by kind also late ones and absurd ones."""
    step = rng.choice([1, 10, 10**9, 3_600 * 10**9])
    x = rng.integers(0, 2**40) + np.cumsum(rng.integers(0, 5, n) * step)
    if kind in ("nan", "signed") and n:
        x -= rng.integers(0, 20, n) * step
    if kind in ("bits", "infinite", "huge"):
        x = rng.integers(-(2**63), 2**63 - 1, n, dtype=np.int64)
    return x.astype(np.int64)


@st.composite
def cases(draw: st.DrawFn, function: FunctionType, wrong_lengths: bool = False) -> Arguments:
    """Draw arguments for a kernel, its state fresh."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    kind = draw(st.sampled_from(KINDS))
    n = draw(st.one_of(st.integers(0, 3), st.integers(0, LONGEST)))
    rows = draw(st.integers(0, 8))
    if function.__name__ == "trades":
        rows = n
    drawn: dict[str, Any] = {}
    for parameter in signature_of(function).parameters:
        drawn[parameter.name] = _value(draw, parameter.kind, kind, n, rows, rng)
    if function.__name__ == "trades":
        drawn["ticks"] = tick_words(n, rng)
    if function.__name__ == "value_area":
        drawn["area"] = np.zeros(3)
    if "state" in drawn:
        words = words_function(function)
        count = words(*(drawn[p.name] for p in signature_of(words).parameters))
        drawn["state"] = np.zeros(count)
    if wrong_lengths:
        arrays = [name for name, value in drawn.items() if isinstance(value, np.ndarray)]
        changed = draw(st.sampled_from(arrays))
        length = max(0, len(drawn[changed]) + draw(st.sampled_from([-2, -1, 1, 3])))
        drawn[changed] = np.zeros(length, drawn[changed].dtype)
    return list(drawn.values())


def _value(
    draw: st.DrawFn, kind: Kind, spice: str, n: int, rows: int, rng: np.random.Generator
) -> Any:
    match kind:
        case Kind.FLOAT:
            return draw(FLOATS)
        case Kind.INT:
            return draw(PERIODS)
        case Kind.LONG:
            return draw(LONGS)
        case Kind.IN:
            return floats(spice, n, rng)
        case Kind.LONG_IN:
            return longs(spice, n, rng)
        case Kind.OUT:
            return np.full(n, -7.0)
        case Kind.LONG_OUT:
            return np.full(n, -7)
        case Kind.STORE:
            return np.full(rows, 0.0)
        case Kind.LONG_STORE:
            return np.full(rows, 0)
        case Kind.STATE:
            return np.zeros(0)


def tick_words(n: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Return n TICK records of random content as words."""
    words = rng.integers(-(2**63), 2**63 - 1, 4 * n, dtype=np.int64)
    kinds = rng.integers(0, 5, n)
    words[3::4] = (words[3::4] & ~np.int64(0xFF << 32)) | (kinds << 32)
    return words
