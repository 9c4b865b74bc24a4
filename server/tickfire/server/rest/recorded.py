"""Symbols that the archive has, and no feed has any more: those of contracts that have expired."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from tickfire.archive.names import symbol_folder
from tickfire.archive.tables import BARS, TICKS
from tickfire.server.market.epoch.archive import Archive

if TYPE_CHECKING:
    from tickfire.archive.reading import ArchiveReader

MAX_NAME: Final = 255
"""Length of the name of a folder, in bytes."""
_OF_FEED: Final = re.compile(r"([1-9][0-9]{0,2})/(.+)", re.DOTALL)


class RecordedName(NamedTuple):
    """The name of an instrument in the archive.

    Attributes
    ----------
    feed : int
    symbol : str
        As the feed had it.
    shown : str
        As clients ask for it, which may name the feed.
    """

    feed: int
    symbol: str
    shown: str


async def find_recorded(archive: Archive, symbol: str) -> RecordedName | None:
    """Return the instrument that a symbol named last, None if the archive has none.

    Of several feeds the lowest number counts, unless the symbol names one: ``FEED/SYMBOL``.

    Raises
    ------
    ArchiveUnavailable
        The archive cannot be read now.
    """
    names: list[tuple[int | None, str]] = [(None, symbol)]
    if (named := _OF_FEED.fullmatch(symbol)) is not None:
        names.append((int(named[1]), named[2]))

    def look(reader: ArchiveReader) -> RecordedName | None:
        for feed, own in names:
            feeds = _newest_feeds(reader, own)
            if feeds and (feed is None or feed in feeds):
                return RecordedName(min(feeds) if feed is None else feed, own, symbol)
        return None

    return await archive.read(look)


def _newest_feeds(reader: ArchiveReader, symbol: str) -> set[int]:
    """Return the feeds that have a symbol on the newest day on which one has."""
    if len(symbol_folder(symbol)) > MAX_NAME:
        return set()
    for table in (TICKS, BARS):
        for day in reversed(reader.days(table)):
            files = reader.files_of_day(table, symbol, day)
            streams = [file.about.source.stream for file in files]
            if found := {stream.feed for stream in streams if stream is not None}:
                return found
    return set()
