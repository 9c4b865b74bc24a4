"""`ReadAhead`: ticks that were read from files, kept for clients that go on from there.

Opening files costs as much as reading many ticks. Clients that catch up take few at a time, and
several are near one another.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Final

from tickfire.store.entries import TickEntry
from tickfire.store.limits import MAX_TICKS_PER_ENTRY

MAX_TICKS: Final = 32_768
"""Ticks that are read at a time."""
WINDOWS: Final = 4
"""Results that are kept, 1 MiB each."""

type Read = Callable[[int, int], Awaitable[list[TickEntry]]]
"""Returns the entries after a position, of at most so many ticks."""


class ReadAhead:
    """The last results of reading one stream.

    Parameters
    ----------
    read : callable
    """

    def __init__(self, read: Read) -> None:
        self._read = read
        self._windows: OrderedDict[int, list[TickEntry]] = OrderedDict()

    async def after(self, position: int, count: int) -> list[TickEntry]:
        """Return the next entries after a position, at most `count`."""
        entries = self._find(position)
        if entries is None:
            is_probe = count * MAX_TICKS_PER_ENTRY < MAX_TICKS // 16
            limit = count * MAX_TICKS_PER_ENTRY if is_probe else MAX_TICKS
            entries = await self._read(position, limit)
            if entries and not is_probe:
                self._keep(position, entries)
        at = bisect_right(entries, position, key=lambda entry: entry.last)
        return [entry.after(position) for entry in entries[at : at + count]]

    def _find(self, position: int) -> list[TickEntry] | None:
        for begin, entries in self._windows.items():
            if begin <= position < entries[-1].last:
                self._windows.move_to_end(begin)
                return entries
        return None

    def _keep(self, position: int, entries: list[TickEntry]) -> None:
        self._windows[position] = entries
        self._windows.move_to_end(position)
        while len(self._windows) > WINDOWS:
            self._windows.popitem(last=False)
