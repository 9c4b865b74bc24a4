"""Kernels native, in WebAssembly, and as plain Python: what each costs."""
