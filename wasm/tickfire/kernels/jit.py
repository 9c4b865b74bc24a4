"""Compile a kernel once, at set-up, into a cache that later starts only load.

numba's own cache looks at the file of a kernel alone. A kernel here is also made of the helpers
and constants it takes from other files, so the cache folder carries a digest of all of them: an
edit anywhere below a kernel compiles it anew, and nothing stale is ever loaded.

A module that defines kernels is named ``*_kernel.py`` or lives in ``tickfire.kernels``;
`tickfire.kernels.warm` finds and compiles them by that name.
"""

from __future__ import annotations

import hashlib
import inspect
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any, cast

import numba
from numba.core import config as _config
from numba.core.dispatcher import Dispatcher

config: Any = _config  # its attributes are made at run time


def helper[F: Callable[..., Any]](function: F) -> F:
    """Mark a function as part of kernels: inlined into each of its callers."""
    return cast(F, numba.njit(forceinline=True)(function))


def cold[F: Callable[..., Any]](function: F) -> F:
    """Mark a part of kernels that seldom runs: called, so that it does not crowd the hot loop."""
    return cast(F, numba.njit(forceinline=False)(function))


def kernel[F: Callable[..., Any]](signature: str, **options: Any) -> Callable[[F], F]:
    """Compile a function eagerly for one signature, through the cache.

    Parameters
    ----------
    signature : str
        numba's notation, such as ``"int64(int64, int64, int64)"``.
    **options
        For ``numba.njit``; ``nogil`` is on unless told otherwise.
    """

    def compile_(function: F) -> F:
        folder = cache_root() / _digest(function)
        before = config.CACHE_DIR
        config.CACHE_DIR = str(folder)  # read once, when the decorator makes the cache
        try:
            compiled = numba.njit(signature, cache=True, **({"nogil": True} | options))(function)
        finally:
            config.CACHE_DIR = before
        return cast(F, compiled)

    return compile_


def cache_root() -> Path:
    """Return the folder of compiled kernels: ``TICKFIRE_CACHE`` or the user's cache folder."""
    base = os.environ.get("TICKFIRE_CACHE")
    if base:
        return Path(base) / "kernels"
    base = os.environ.get("XDG_CACHE_HOME")
    home = Path(base) if base else Path.home() / ".cache"
    if os.access(home if home.exists() else home.parent, os.W_OK):
        return home / "tickfire" / "kernels"
    return Path(tempfile.gettempdir()) / f"tickfire-{os.getuid()}" / "kernels"


def _digest(function: Callable[..., Any]) -> str:
    """Hash everything that the machine code of a kernel depends on, but the machine."""
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
