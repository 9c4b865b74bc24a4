"""File descriptors: as many as the system allows, and how many connections they are enough for."""

from __future__ import annotations

import resource
from typing import Final

RESERVED: Final = 256
"""Descriptors that are left for acceptors, guests, Redis, files and pictures."""


def raise_descriptor_limit() -> int:
    """Raise the soft limit of open files to the hard one, and return the limit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        except (OSError, ValueError):  # on macOS, where the hard limit may be infinite
            return soft
    return hard


def connections_within(descriptors: int) -> int:
    """Return the number of connections for which a limit of open files is enough."""
    if descriptors == resource.RLIM_INFINITY:
        return 1 << 30
    return max(descriptors - RESERVED, descriptors // 4)
