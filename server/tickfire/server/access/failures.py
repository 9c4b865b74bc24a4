"""`Failures`: delays of addresses whose clients were refused again and again. Pure."""

from __future__ import annotations

from typing import Final

FREE: Final = 10
"""Refusals in a row after which an address has to wait."""
MAX_WAIT_S: Final = 60.0
MEMORY_S: Final = 600.0
"""Time after the last refusal at which an address is forgotten."""
MAX_ADDRESSES: Final = 10_000
"""Addresses that are remembered; beyond it, the oldest are forgotten."""


class Failures:
    """Refusals by address, and the time at which each may try again.

    The wait is one second after `FREE` refusals, and doubles with each that follows.
    """

    def __init__(self) -> None:
        self._failures: dict[str, tuple[int, float]] = {}

    def wait_s(self, address: str, now: float) -> float:
        """Return the time in seconds that an address has to wait; 0 if it may try."""
        count, at = self._failures.get(address, (0, now))
        if count < FREE or now - at >= MEMORY_S:
            return 0.0
        return max(0.0, at + min(MAX_WAIT_S, 2.0 ** min(count - FREE, 10)) - now)

    def add(self, address: str, now: float) -> None:
        """Count a refusal."""
        count, at = self._failures.pop(address, (0, now))
        self._failures[address] = (1 if now - at >= MEMORY_S else count + 1, now)
        if len(self._failures) > MAX_ADDRESSES:
            del self._failures[next(iter(self._failures))]

    def forget(self, address: str) -> None:
        """Forget the refusals of an address, of which a client was let in."""
        self._failures.pop(address, None)
