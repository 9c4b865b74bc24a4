"""Compilation of every kernel of this package, for `tickfire.kernels.warm`."""

from __future__ import annotations

from tickfire.kernels.families import kernels
from tickfire.kernels.native import compile_native
from tickfire.kernels.portable import WORDS_SUFFIX

COMPILED = {
    name: compile_native(function)
    for name, function in kernels().items()
    if not name.endswith(WORDS_SUFFIX)
}
