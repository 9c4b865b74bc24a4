"""Compilation of every kernel into the cache at set-up, so that later processes only load."""

from __future__ import annotations

import importlib
import multiprocessing
import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Final

import tickfire

SUFFIX: Final = "_kernel"
MAX_PROCESSES: Final = 8


def kernel_modules() -> list[str]:
    """Return the modules that define kernels: those named ``*_kernel``; none is imported."""
    folders = [Path(folder) for folder in tickfire.__path__]
    found = {
        ".".join(("tickfire", *path.relative_to(folder).with_suffix("").parts))
        for folder in folders
        for path in folder.rglob(f"*{SUFFIX}.py")
    }
    return sorted(found)


def warm(processes: int | None = None) -> Iterator[str]:
    """Import, and so compile or load, the modules that define kernels; yield each name when done.

    Parameters
    ----------
    processes : int, optional
        Number of processes that compile at the same time, at most 8; by default one per
        processor.
    """
    count = min(processes or os.cpu_count() or 1, MAX_PROCESSES)
    if count == 1:
        yield from map(_import, kernel_modules())
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(count, mp_context=context) as pool:
        for done in as_completed([pool.submit(_import, name) for name in kernel_modules()]):
            yield done.result()


def _import(name: str) -> str:
    importlib.import_module(name)
    return name
