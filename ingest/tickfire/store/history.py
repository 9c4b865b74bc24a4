"""`History`: ranges of the streams of one shard, in batches."""

from __future__ import annotations

from typing import Final

from tickfire.store.entries import BadEntry, Entry, TickEntry, entries_of, position_of, ticks_of
from tickfire.store.requests import Requests
from tickfire.store.schema import ticks_key
from tickfire.store.store import Store

BATCH_ENTRIES: Final = 256


class History(Requests):
    """Requests for the entries that the streams of a shard still hold."""

    def __init__(self, store: Store, shard: int) -> None:
        self._ticks = ticks_key(shard)
        super().__init__(store, self._ticks)

    async def ticks_after(
        self, position: int, count: int = BATCH_ENTRIES
    ) -> tuple[list[TickEntry], int]:
        """Return ticks after a position, and the position at which they end.

        Parameters
        ----------
        position : int
        count : int
            Entries to read at most.

        Returns
        -------
        list of TickEntry, int
            Entries that are not ours are left out of the list; the end counts them.

        Raises
        ------
        RedisUnavailable
            Redis does not answer, or refuses.
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
        """Return the position of the end of the tick stream, 0 if it is empty.

        Raises
        ------
        RedisUnavailable
            Redis does not answer, or refuses.
        """
        entries = entries_of(await self.command("XREVRANGE", self._ticks, "+", "-", "COUNT", 1))
        try:
            return position_of(entries[0][0]) if entries else 0
        except BadEntry:
            return 0

    async def range(self, key: bytes, start: bytes, count: int) -> list[Entry]:
        """Return up to `count` entries of a stream of this shard, from an id on.

        Raises
        ------
        RedisUnavailable
            Redis does not answer, or refuses.
        """
        return entries_of(await self.command("XRANGE", key, start, "+", "COUNT", count))
