"""Compiler of portable kernels to one WebAssembly module and its bindings.

`check` rejects forbidden constructs, `target` is a numba target for WebAssembly, `abi` wraps each
kernel in a function of addresses and lengths, `emit` compiles all of them into one object, `link`
turns the object into a module (with `binary`), `typescript` and `python` write the bindings.
"""
