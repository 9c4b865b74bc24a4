"""`DeepHistory`: the ticks of a stream, on from the archive where Redis has trimmed them."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import numpy as np

from tickfire.server.market.epoch.archive import Archive, ArchiveUnavailable
from tickfire.server.market.epoch.read_ahead import ReadAhead
from tickfire.store.entries import TickEntry
from tickfire.store.history import BATCH_ENTRIES, History
from tickfire.store.limits import MAX_TICKS_PER_ENTRY
from tickfire.store.requests import RedisUnavailable
from tickfire.store.schema import Rows, Stream
from tickfire.store.store import Store

logger = logging.getLogger(__name__)


class DeepHistory(History):
    """Reader of the ticks of a stream within an epoch, however old.

    Parameters
    ----------
    store : Store
    stream : Stream
    epoch : bytes
    archive : Archive
    """

    def __init__(self, store: Store, stream: Stream, epoch: bytes, archive: Archive) -> None:
        super().__init__(store, stream)
        self._stream, self._epoch = stream, epoch
        self._archive = archive
        self._ahead = ReadAhead(self._of_files)

    async def ticks_after(
        self, position: int, count: int = BATCH_ENTRIES
    ) -> tuple[list[TickEntry], int]:
        """Return the ticks after a position, and the position to read on from.

        The parameters and results are those of `History.ticks_after`.

        Raises
        ------
        RedisUnavailable
            Redis or the archive cannot be read now.
        """
        found, end = await super().ticks_after(position, count)
        if found and found[0].first == position + 1:
            return found, end
        older = await self._ahead.after(position, count)
        return (older, older[-1].last) if older else (found, end)

    async def _of_files(self, position: int, limit: int) -> list[TickEntry]:
        """Return the ticks that follow a position without a hole."""
        ticks, positions, stamps = await read_history(
            self._archive,
            lambda reader: reader.all_ticks_of(self._stream, self._epoch, position, limit),
        )
        return tick_entries(ticks, positions, stamps, position)


async def read_history[T](archive: Archive, work: Callable[[Any], T]) -> T:
    """Return the result of work with the reader of an archive, which is done in a thread.

    Raises
    ------
    RedisUnavailable
        The archive cannot be read now.
    """
    try:
        return await archive.read(work)
    except ArchiveUnavailable as error:
        logger.warning("the archive cannot be read: %s", error)
        raise RedisUnavailable("the archive cannot be read now") from error


def tick_entries(
    ticks: Rows, positions: np.ndarray[Any, Any], stamps: np.ndarray[Any, Any], position: int
) -> list[TickEntry]:
    """Return entries of the ticks whose positions follow each other, from the given one on."""
    expected = position + 1 + np.arange(len(positions), dtype=np.uint64)
    holes = np.flatnonzero(positions != expected)
    count = int(holes[0]) if len(holes) else len(positions)
    entries = []
    for at in range(0, count, MAX_TICKS_PER_ENTRY):
        part = ticks[at : min(at + MAX_TICKS_PER_ENTRY, count)]
        first = position + 1 + at
        received, parsed, written = stamps[at].tolist()
        entries.append(TickEntry(first, first + len(part) - 1, part, received, parsed, written))
    return entries
