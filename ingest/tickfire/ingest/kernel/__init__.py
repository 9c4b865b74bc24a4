"""From bytes to ticks and bars, by numba."""
