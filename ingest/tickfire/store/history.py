"""`History`: ranges of the entries of one stream."""

from __future__ import annotations

from typing import Final

from tickfire.store.entries import BadEntry, Entry, TickEntry, entries_of, position_of, ticks_of
from tickfire.store.requests import Requests
from tickfire.store.schema import Stream, ticks_key
from tickfire.store.store import Store

BATCH_ENTRIES: Final = 256
"""Number of entries read at once, by default."""


class History(Requests):
    """Reader of the ticks and bars that one stream still holds."""

    def __init__(self, store: Store, stream: Stream) -> None:
        self._ticks = ticks_key(stream)
        super().__init__(store, self._ticks)

    async def ticks_after(
        self, position: int, count: int = BATCH_ENTRIES
    ) -> tuple[list[TickEntry], int]:
        """Return the ticks after a position, and the position to read on from.

        Parameters
        ----------
        position : int
        count : int
            Maximum number of entries to read.

        Returns
        -------
        entries : list of TickEntry
            The ticks, without entries that cannot be unpacked.
        end : int
            Position of the last entry read, unpacked or not; `position` if there is none.

        Raises
        ------
        RedisUnavailable
            Redis does not answer in time, or answers with an error.
        """
        found, end = [], position
        for entry in await self.range(self._ticks, b"(%d-0" % position, count):
            try:
                end = max(end, position_of(entry[0]))
                found.append(ticks_of(entry).after(position))
            except BadEntry:
                continue
        return found, end

    async def newest(self) -> int:
        """Return the position of the newest tick, or 0 if the stream is empty.

        Raises
        ------
        RedisUnavailable
            Redis does not answer in time, or answers with an error.
        """
        entries = entries_of(await self.command("XREVRANGE", self._ticks, "+", "-", "COUNT", 1))
        try:
            return position_of(entries[0][0]) if entries else 0
        except BadEntry:
            return 0

    async def range(self, key: bytes, start: bytes, count: int, end: bytes = b"+") -> list[Entry]:
        """Return up to `count` entries of a key of this stream, oldest first.

        `start` and `end` are ids as ``XRANGE`` takes them: exclusive if they begin with ``(``.

        Raises
        ------
        RedisUnavailable
            Redis does not answer in time, or answers with an error.
        """
        return entries_of(await self.command("XRANGE", key, start, end, "COUNT", count))
