"""Memory that was needed for a while, given back to the system.

The allocator of glibc keeps what lies between blocks that are in use. Elsewhere nothing is done.
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import time
from pathlib import Path
from typing import Any, Final

CHECK_S: Final = 5.0
REPEAT_S: Final = 60.0
EXCESS: Final = 32 << 20
"""Bytes of growth for which memory is given back. Each MiB that is takes half a ms, in which no
block can be allocated."""
OWN_MAPPING: Final = 1 << 20
"""Bytes from which a block has a mapping of its own, which ends with it."""
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
_PAGE: Final = os.sysconf("SC_PAGE_SIZE")
_STATM: Final = Path("/proc/self/statm")


class Trimming:
    """Decision when to give memory back: once much more is held than before. Pure.

    Parameters
    ----------
    resident : int
        The resident memory at the start, in bytes.
    now_s : float
        A clock.
    """

    def __init__(self, resident: int, now_s: float) -> None:
        self._least = self._after = resident
        self._trimmed_s = now_s

    def is_due(self, resident: int, now_s: float) -> bool:
        """Return whether memory has grown, or is much more than it was and may be free by now."""
        if resident > self._after + EXCESS:
            return True
        return resident > self._least + EXCESS and now_s - self._trimmed_s >= REPEAT_S

    def trimmed(self, resident: int, now_s: float) -> None:
        """Record what is left after memory was given back."""
        self._after, self._trimmed_s = resident, now_s
        self._least = min(self._least, resident)


async def trim_memory() -> None:
    """Give memory back whenever it is due, until cancelled."""
    libc = _glibc()
    if libc is None:
        return
    libc.mallopt(_M_MMAP_THRESHOLD, OWN_MAPPING)
    libc.mallopt(_M_TRIM_THRESHOLD, EXCESS)  # or else it is low, once the other is set
    trimming = Trimming(resident(), time.monotonic())
    while True:
        await asyncio.sleep(CHECK_S)
        if trimming.is_due(resident(), time.monotonic()):
            await asyncio.to_thread(libc.malloc_trim, 0)
            trimming.trimmed(resident(), time.monotonic())


def resident() -> int:
    """Return the resident memory of this process, in bytes."""
    return int(_STATM.read_text().split()[1]) * _PAGE


def _glibc() -> Any:
    """Return the C library if it is glibc, else None."""
    library = ctypes.CDLL(None)
    return library if hasattr(library, "malloc_trim") and _STATM.exists() else None
