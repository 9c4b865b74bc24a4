"""Messages and broadcasts that have arrived, and the waiting for them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from typing import Any

PATIENCE_S = 1.0
"""Time in which what an assertion wants must arrive, in seconds."""
REFUTE_S = 0.1
"""Time in which what is refuted must not arrive, in seconds, as in ExUnit."""


class Inbox[T]:
    """Items that have arrived and that no assertion has taken."""

    def __init__(self, name: str) -> None:
        self.items: list[T] = []
        self._name = name
        self._news = asyncio.Event()

    def add(self, item: T) -> None:
        """Take an item that has arrived."""
        self.items.append(item)
        self._news.set()

    async def take(self, wanted: Callable[[T], bool], within_s: float) -> T:
        """Wait for the first item that a predicate accepts, and remove it.

        One that arrives just as the time is over counts: a busy machine may notice both at once.
        """
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                while self._find(wanted) is None:
                    self._news.clear()
                    await self._news.wait()
        index = self._find(wanted)
        if index is None:
            raise AssertionError(
                f"the {self._name} did not arrive; those that did are {self.items}"
            )
        return self.items.pop(index)

    def refute(self, unwanted: Callable[[T], bool], within_s: float) -> Coroutine[Any, Any, None]:
        """Fail now if an item is unwanted, or later in the coroutine that is returned."""
        self._check(unwanted)
        return self._refute(unwanted, within_s)

    async def _refute(self, unwanted: Callable[[T], bool], within_s: float) -> None:
        loop = asyncio.get_running_loop()
        end_s = loop.time() + within_s
        while (left_s := end_s - loop.time()) > 0:
            self._news.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._news.wait(), left_s)
            self._check(unwanted)

    def _check(self, unwanted: Callable[[T], bool]) -> None:
        index = self._find(unwanted)
        assert index is None, f"a {self._name} arrived that must not: {self.items[index or 0]}"

    def _find(self, wanted: Callable[[T], bool]) -> int | None:
        return next((index for index, item in enumerate(self.items) if wanted(item)), None)
