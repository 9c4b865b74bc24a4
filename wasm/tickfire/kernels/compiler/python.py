"""Generator of the Python bindings for Pyodide: one `Kernel` object per kernel."""

from __future__ import annotations

from collections.abc import Sequence
from types import FunctionType
from typing import Final

from tickfire.kernels.portable import WORDS_SUFFIX, Kind, signature_of, words_function

HEAD: Final = '''\
"""Indicators over lists and arrays: kernels.wasm in a browser, plain Python elsewhere.

    >>> from tickfire_browser import ema
    >>> ema([1.0, 2.0, 3.0], 2)
    Series('d', [nan, 1.5, 2.5])

A kernel can be called on whole arrays, or started and fed piece by piece:
``live = ema.start(period=2)``, ``live.push(new_values)``, ``live.peek(running_value)``.
"""

# Generated from the kernels' signatures by `tickfire.kernels.compiler.python`: do not edit.

from .bars import Bars
from .kernel import Kernel
from .series import Series
'''

ROLES: Final = {kind: kind.name.lower() for kind in Kind}


def python(kernels: Sequence[FunctionType]) -> str:
    """Return the source of a Python module that binds kernels."""
    ordered = sorted(kernels, key=lambda kernel: kernel.__name__)
    computing = [kernel for kernel in ordered if not kernel.__name__.endswith(WORDS_SUFFIX)]
    names = sorted(["Bars", "Kernel", "Series", *(kernel.__name__ for kernel in computing)])
    listed = "".join(f"    {name!r},\n" for name in names)
    return "\n".join([HEAD, f"__all__ = [\n{listed}]\n", *map(_kernel, computing)])


def _kernel(kernel: FunctionType) -> str:
    signature = signature_of(kernel)
    parameters = "".join(
        f"        ({p.name!r}, {ROLES[p.kind]!r}),\n" for p in signature.parameters
    )
    words = ""
    if signature.of(Kind.STATE):
        sizes = signature_of(words_function(kernel)).parameters
        words = f"    words=[{', '.join(repr(p.name) for p in sizes)}],\n"
    return (
        f"{signature.name} = Kernel(\n    {signature.name!r},\n    {signature.summary!r},\n"
        f"    [\n{parameters}    ],\n{words})\n"
    )
