"""Items that wait for the consumer of a stream, or of the events of a channel."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

HIGH: Final = 65_536
"""Weight of the items that wait at most, about: then nothing more is read from the connection."""


class Buffer[Item]:
    """Items in the order of their arrival.

    Parameters
    ----------
    pause, resume
        Called when too many items wait, and when few do again.
    """

    def __init__(self, pause: Callable[[], object], resume: Callable[[], object]) -> None:
        self._pause = pause
        self._resume = resume
        self._items: list[Item] = []
        self._weight = 0
        self._changed = asyncio.Event()
        self._error: Exception | None = None
        self._is_over = False
        self._is_paused = False

    def put(self, item: Item, weight: int = 1) -> None:
        """Append an item, whose weight is the number of records that it is worth in memory."""
        self._items.append(item)
        self._weight += weight
        self._changed.set()
        if self._weight > HIGH and not self._is_paused:
            self._is_paused = True
            self._pause()

    def end(self, error: Exception | None = None) -> None:
        """Let the stream end after the items that wait, with an error or without."""
        if not self._is_over:
            self._is_over, self._error = True, error
            self._changed.set()

    async def take(self) -> list[Item]:
        """Return all items that wait, once there are any; an empty list is the end."""
        while not self._items and not self._is_over:
            self._changed.clear()
            await self._changed.wait()
        items, self._items = self._items, []
        self._weight = 0
        if self._is_paused:
            self._is_paused = False
            self._resume()
        if not items and self._error is not None:
            raise self._error
        return items

    def rest(self) -> list[Item]:
        """Return all items that wait, and keep none."""
        items, self._items = self._items, []
        self._weight = 0
        return items
