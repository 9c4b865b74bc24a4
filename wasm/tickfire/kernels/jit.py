"""Compilation of kernels into a cache, once, so that later processes only load them.

numba's own cache only checks the file that defines a kernel. A kernel also depends on helpers and
constants from other files, so the name of its cache folder is a digest of all of them: an edit of
any of them recompiles the kernel, and stale code is never loaded.

`tickfire.kernels.warm` finds the modules to compile by their names, which end in ``_kernel``.
"""

from __future__ import annotations

import functools
import hashlib
import inspect
import logging
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any, Final, cast

import numba
from numba.core import config as _config
from numba.core.dispatcher import Dispatcher

logger = logging.getLogger(__name__)
config: Any = _config  # its attributes are made at run time

CALLED_BY_KERNELS: Final[dict[str, Any]] = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}
"""Options of a function that only compiled code calls, not Python, so that no wrapper is compiled.

A third of the time to compile a small helper would go into its wrappers.
"""
KERNEL_OPTIONS: Final[dict[str, Any]] = {"cache": True, "nogil": True, "no_cfunc_wrapper": True}


def helper[F: Callable[..., Any]](function: F) -> F:
    """Mark a function as a helper of kernels, inlined into each caller; Python cannot call it."""
    return cast(F, numba.njit(forceinline=True, **CALLED_BY_KERNELS)(function))


def cold[F: Callable[..., Any]](function: F) -> F:
    """Mark a helper that seldom runs as not inlined, to keep the hot loop small."""
    return cast(F, numba.njit(forceinline=False, **CALLED_BY_KERNELS)(function))


def kernel[F: Callable[..., Any]](signature: str, **options: Any) -> Callable[[F], F]:
    """Compile a function eagerly for one signature, through the cache.

    Parameters
    ----------
    signature : str
        Signature in numba's notation, such as ``"int64(int64, int64, int64)"``.
    **options
        Options for ``numba.njit``; ``nogil`` is True by default.
    """

    def compile_(function: F) -> F:
        folder = cache_root() / _digest(function)
        if not folder.is_dir():
            _tell()
        before = config.CACHE_DIR
        config.CACHE_DIR = str(folder)  # read once, when the decorator creates the cache
        try:
            compiled = numba.njit(signature, **(KERNEL_OPTIONS | options))(function)
        finally:
            config.CACHE_DIR = before
        return cast(F, compiled)

    return compile_


@functools.cache
def _tell() -> None:
    """Log, once, why a process takes a while to start."""
    logger.info("compiling kernels, once for this version and processor; it takes a minute or so")


def cache_root() -> Path:
    """Return the folder for compiled kernels.

    It is ``$TICKFIRE_CACHE/kernels``, else below the user's cache folder, else, if that is not
    writable, below the folder for temporary files.
    """
    base = os.environ.get("TICKFIRE_CACHE")
    if base:
        return Path(base) / "kernels"
    base = os.environ.get("XDG_CACHE_HOME")
    home = Path(base) if base else Path.home() / ".cache"
    if os.access(home if home.exists() else home.parent, os.W_OK):
        return home / "tickfire" / "kernels"
    return Path(tempfile.gettempdir()) / f"tickfire-{os.getuid()}" / "kernels"


def _digest(function: Callable[..., Any]) -> str:
    """Hash all that a kernel's machine code depends on, except the machine."""
    seen = {"numba": numba.__version__.encode()} | dict(_parts(function, set()))
    digest = hashlib.blake2b(digest_size=12)
    for name in sorted(seen):
        digest.update(name.encode() + b"\0" + seen[name] + b"\0")
    return digest.hexdigest()


def _parts(function: Callable[..., Any], visited: set[int]) -> Iterator[tuple[str, bytes]]:
    if id(function) in visited:
        return
    visited.add(id(function))
    path = Path(inspect.getfile(function))
    yield path.name + ":" + function.__module__, path.read_bytes()
    assert isinstance(function, FunctionType)
    for name in function.__code__.co_names:
        yield from _dependency(name, function.__globals__.get(name), visited)


def _dependency(name: str, value: object, visited: set[int]) -> Iterator[tuple[str, bytes]]:
    if isinstance(value, Dispatcher):
        yield from _parts(value.py_func, visited)
    elif isinstance(value, int | float | str):
        yield f"constant {name} {type(value).__name__}", repr(value).encode()
    elif not isinstance(value, ModuleType) and hasattr(value, "_defn"):  # a numba intrinsic
        yield from _parts(value._defn, visited)
