"""A kernel whose every step a compiler would like to fuse."""

from __future__ import annotations

from tickfire.kernels.portable import In, Out, portable


@portable
def fused(a: In, b: In, c: In, out: Out) -> int:
    """Compute a * b - c."""
    for i in range(len(out)):
        out[i] = a[i] * b[i] - c[i]
    return len(out)
