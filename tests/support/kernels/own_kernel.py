"""A kernel as a user would write it; docs/kernels.md shows it too."""

from __future__ import annotations

from tickfire.kernels.portable import WRONG_LENGTH, In, Out, portable


@portable
def midpoint(high: In, low: In, out: Out) -> int:
    """Compute the middle of each bar."""
    n = len(high)
    if len(low) != n or len(out) != n:
        return WRONG_LENGTH
    for i in range(n):
        out[i] = 0.5 * (high[i] + low[i])
    return n
