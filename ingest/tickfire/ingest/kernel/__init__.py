"""The numba kernels that turn feed bytes into ticks and bars, and the classes around them."""
