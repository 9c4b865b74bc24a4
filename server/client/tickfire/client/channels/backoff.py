"""Waits between attempts, as phoenix.js has them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

type Wait = Callable[[int], float]
"""Seconds before an attempt, by the number of the attempt, from 1."""


def reconnect_after_s(tries: int) -> float:
    """Return the wait before connecting again: 10 ms at first, and 5 s in the end."""
    return _step((0.01, 0.05, 0.1, 0.15, 0.2, 0.25, 0.5, 1.0, 2.0, 5.0), tries)


def rejoin_after_s(tries: int) -> float:
    """Return the wait before joining again: 1 s at first, and 10 s in the end."""
    return _step((1.0, 2.0, 5.0, 10.0), tries)


def _step(steps: tuple[float, ...], tries: int) -> float:
    return steps[min(tries, len(steps)) - 1]


class RetryTimer:
    """Timer that waits longer with each try.

    Parameters
    ----------
    callback
        Called when the wait is over.
    wait
        The wait before each try.
    """

    def __init__(self, callback: Callable[[], object], wait: Wait) -> None:
        self._callback = callback
        self._wait = wait
        self._tries = 0
        self._handle: asyncio.TimerHandle | None = None

    def schedule(self, after_s: float | None = None) -> None:
        """Schedule the next try, after the wait of its number or a given one."""
        self._cancel()
        wait_s = self._wait(self._tries + 1) if after_s is None else after_s
        self._handle = asyncio.get_running_loop().call_later(wait_s, self._fire)

    def reset(self) -> None:
        """Cancel the next try, and count from the first again."""
        self._tries = 0
        self._cancel()

    def _fire(self) -> None:
        self._tries += 1
        self._callback()

    def _cancel(self) -> None:
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None
