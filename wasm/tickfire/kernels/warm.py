"""Compile every kernel into the cache: what set-up does, so that no process ever compiles."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from typing import Final

import tickfire

__all__ = ["kernel_modules", "warm"]

SUFFIX: Final = "_kernel"


def kernel_modules() -> list[str]:
    """Return the modules that define kernels: those named ``*_kernel``."""
    found = pkgutil.walk_packages(tickfire.__path__, "tickfire.")
    return sorted(module.name for module in found if module.name.endswith(SUFFIX))


def warm() -> Iterator[str]:
    """Import, and so compile or load, one module of kernels after another; yield their names."""
    for name in kernel_modules():
        importlib.import_module(name)
        yield name
