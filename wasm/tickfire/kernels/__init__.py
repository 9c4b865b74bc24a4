"""Single-source kernels: restricted Python, compiled by numba and, for browsers, to WebAssembly."""
