"""The clock of the test's event loop, which the test puts forward: timers without waiting."""

from __future__ import annotations

import asyncio

import pytest

TURNS = 10
"""Turns of the loop in which tasks that have begun set their timers, and those that are due run."""


class Clock:
    """The clock of the running event loop; timers of all its tasks run by it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        loop = asyncio.get_running_loop()
        measured = loop.time
        self._ahead_s = 0.0
        monkeypatch.setattr(loop, "time", lambda: measured() + self._ahead_s)

    async def forward(self, seconds: float) -> None:
        """Put it forward, and let the timers run that are due by then."""
        await _turns()
        self._ahead_s += seconds
        await _turns()


async def _turns() -> None:
    for _ in range(TURNS):
        await asyncio.sleep(0)
