"""`ArchivedEpoch`: an epoch of a feed that has ended, with its ticks as the archive holds them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from weakref import WeakValueDictionary

from tickfire.base.calendar.sessions import Sessions
from tickfire.server.market.epoch.archive import Archive
from tickfire.server.market.epoch.data import MarketData
from tickfire.server.market.epoch.deep_history import read_history, tick_entries
from tickfire.server.market.epoch.read_ahead import ReadAhead
from tickfire.server.market.ticks.history_source import HistorySource, TickHistory
from tickfire.server.market.ticks.positions import FeedPositions, by_epoch
from tickfire.store.entries import TickEntry
from tickfire.store.epoch import Epoch
from tickfire.store.mappings import Mappings
from tickfire.store.schema import Instrument, Stream

type Key = tuple[int, int, str, int]


class ArchivedEpoch:
    """An ended epoch; see `tickfire.server.market.ticks.past.PastEpoch`.

    Parameters
    ----------
    archive : Archive
    epoch : Epoch
    last : tuple of int
        Position of the last tick of each stream.
    table : iterable of Instrument
        The present table of instruments. It names those of other feeds, and those of this one as
        far as the files do not.
    sessions : Sessions
    """

    def __init__(
        self,
        archive: Archive,
        epoch: Epoch,
        last: tuple[int, ...],
        table: Iterable[Instrument],
        sessions: Sessions | None,
    ) -> None:
        self.epoch = epoch
        self.last: Mapping[Stream, int] = dict(zip(epoch.streams(), last, strict=True))
        self._table = list(table)
        self._named: dict[Key, Instrument] = {}
        self._known: set[str] = set()
        self._ahead = {stream: ReadAhead(partial(self._read, stream)) for stream in self.last}
        self._archive = archive
        self.data = MarketData(sessions)
        self.data.prepare(epoch)
        self.data.enter(epoch, dict(self.last))
        self._beside: WeakValueDictionary[tuple[FeedPositions, ...], HistorySource]
        self._beside = WeakValueDictionary()
        self._name()

    def beside(self, others: tuple[FeedPositions, ...]) -> HistorySource:
        """Return the source of its history, in whose ids other feeds have the given positions."""
        found = self._beside.get(others)
        if found is None:
            data = self.data.beside(by_epoch(others))
            found = self._beside[others] = _EndedSource(self, data)
        return found

    # --- instruments
    def _learn(self, rows: Iterable[Instrument]) -> None:
        """Take the instruments of some files, the oldest first."""
        before = dict(self._named)
        for row in rows:
            self._named[row.feed, row.instrument_id, row.symbol, row.start] = row
        if self._named != before:
            self._name()

    def _name(self) -> None:
        named = Mappings(self._named.values())
        own = [row for row in self._table if row.feed == self.epoch.feed]
        rest = [part for row in own for part in named.free_parts(row)]
        others = [row for row in self._table if row.feed != self.epoch.feed]
        self.data.load_instruments([*self._named.values(), *rest, *others])

    # --- ticks
    async def ticks_after(
        self, stream: Stream, position: int, count: int
    ) -> tuple[list[TickEntry], int]:
        """Return ticks of a stream; see `TickHistory`."""
        entries = await self._ahead[stream].after(position, count)
        return entries, entries[-1].last if entries else position

    async def _read(self, stream: Stream, position: int, limit: int) -> list[TickEntry]:
        ticks, instruments = await read_history(
            self._archive,
            lambda reader: reader.named_ticks(stream, self.epoch.key, position, limit, self._known),
        )
        self._learn(instruments)
        rows, positions, stamps = ticks
        if not len(rows):
            return []
        return tick_entries(rows, positions, stamps, int(positions[0]) - 1)


class _EndedSource:
    """The source of the history of an ended epoch, beside positions in other feeds."""

    def __init__(self, epoch: ArchivedEpoch, data: MarketData) -> None:
        self._epoch = epoch
        self.data = data
        self._histories = {stream: _EndedHistory(epoch, stream) for stream in epoch.last}

    def recent(self, stream: Stream, position: int) -> list[TickEntry] | None:
        """Return None: nothing of it is in memory."""
        return None

    def history(self, stream: Stream) -> TickHistory:
        """Return the reader of a stream's history."""
        return self._histories[stream]

    async def learn(self) -> None:
        """Give stand-in symbols to instruments that no file names."""
        self.data.name_all()


class _EndedHistory:
    """Reader of one stream of an ended epoch."""

    def __init__(self, epoch: ArchivedEpoch, stream: Stream) -> None:
        self._epoch = epoch
        self._stream = stream

    async def ticks_after(self, position: int, count: int) -> tuple[list[TickEntry], int]:
        """Return ticks; see `TickHistory`."""
        return await self._epoch.ticks_after(self._stream, position, count)
