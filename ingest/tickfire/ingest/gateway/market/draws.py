"""Random draws of the simulated market; their state is a word of its integers."""

from __future__ import annotations

import math
from typing import Any

from numba import float64, int64, uint64

from tickfire.ingest.gateway.market.parameters import (
    I_RANDOM,
    SIZE_SIGMA,
)
from tickfire.kernels.jit import helper


@helper
def uniform(ints: Any) -> Any:
    """Draw from the uniform distribution over (0, 1), by splitmix64."""
    state = uint64(ints[I_RANDOM]) + uint64(0x9E3779B97F4A7C15)
    ints[I_RANDOM] = int64(state)
    z = (state ^ (state >> uint64(30))) * uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> uint64(27))) * uint64(0x94D049BB133111EB)
    z = z ^ (z >> uint64(31))
    return (float64(z >> uint64(11)) + 0.5) * (1.0 / 9007199254740992.0)


@helper
def normal(ints: Any) -> Any:
    """Draw from the standard normal distribution, by Box and Muller's method."""
    radius = math.sqrt(-2.0 * math.log(uniform(ints)))
    return radius * math.cos(2.0 * math.pi * uniform(ints))


@helper
def draw_size(typical: Any, ints: Any) -> Any:
    """Draw a size: lognormal around a typical one, and at least 1."""
    return max(int64(1), int64(typical * math.exp(SIZE_SIGMA * normal(ints)) + 0.5))
