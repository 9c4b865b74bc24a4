"""Garbage collection of processes with a hot path."""

from __future__ import annotations

import gc
from typing import Final

YOUNG: Final = 50_000
"""Objects that may be made, less those freed, before the young ones are searched."""
OLDER: Final = 20
"""Such searches before one of the middle generation, and of those before one of all objects."""


def freeze() -> None:
    """Exempt all objects that exist now from garbage collection, and search new ones less often.

    To be called once a process is set up: modules, kernels and tables stay for its whole life, and
    the search of all of them holds up the event loop for a tenth of a second.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, OLDER, OLDER)
