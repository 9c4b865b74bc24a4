"""From portable kernels to one WebAssembly module, and its TypeScript face.

`check` refuses what a kernel may not do, `target` teaches numba WebAssembly, `abi` gives each
kernel an address-and-length face, `emit` makes one object of all of them, `link` makes it a module
(over `binary`), `typescript` writes the bindings.
"""
