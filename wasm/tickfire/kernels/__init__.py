"""Single-source kernels: restricted Python, compiled by numba (and, for the browser, to WebAssembly)."""
