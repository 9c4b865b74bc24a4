"""`Routes`: the routes from ended epochs to the present ones, as far as the archive holds them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Final
from weakref import WeakValueDictionary

from tickfire.archive.epochs import EndedEpoch
from tickfire.base.calendar.sessions import Sessions
from tickfire.server.market.epoch.archive import Archive
from tickfire.server.market.epoch.data import MarketData
from tickfire.server.market.epoch.deep_history import read_history
from tickfire.server.market.epoch.ended import ArchivedEpoch
from tickfire.server.market.ticks.past import Remainder, Route
from tickfire.server.market.ticks.positions import FeedPositions
from tickfire.server.market.ticks.seek import BadSince
from tickfire.store.epoch import Epoch

SETTLE_S: Final = 5.0
"""Time after the beginning of an epoch that a recorder is given to write the end of the last."""
SETTLE_CHECK_S: Final = 0.25

type Search = tuple[FeedPositions, Epoch]
"""A position in an ended epoch, and the present epoch."""
type Firsts = tuple[int | None, ...]
"""The first position after a client's that is recorded in each shard, None if there is none."""


class Routes:
    """Finder of routes for clients that resume from an ended epoch.

    Parameters
    ----------
    archive : Archive
    data : MarketData
        The present epochs.
    sessions : Sessions
    """

    def __init__(self, archive: Archive, data: MarketData, sessions: Sessions | None) -> None:
        self._archive = archive
        self._data = data
        self._sessions = sessions
        self._began: dict[int, float] = {}
        self._epochs: WeakValueDictionary[bytes, ArchivedEpoch] = WeakValueDictionary()
        self._searches: dict[Search, asyncio.Task[Route | None]] = {}

    def close(self) -> None:
        """Search no more."""
        for task in self._searches.values():
            task.cancel()

    def begin(self, feed: int) -> None:
        """Note that a feed has begun an epoch."""
        self._began[feed] = asyncio.get_running_loop().time()

    async def route(self, since: FeedPositions) -> Route | None:
        """Return the route from a position; see `TickSource`.

        Clients that resume after the same position share the search.
        """
        key = since, self._data.epochs[since.feed]
        search = self._searches.get(key)
        if search is None:
            loop = asyncio.get_running_loop()
            search = self._searches[key] = loop.create_task(self._find(*key))
            search.add_done_callback(lambda done: self._end(key, done))
        return await asyncio.shield(search)

    def _end(self, key: Search, done: asyncio.Task[Route | None]) -> None:
        del self._searches[key]
        if not done.cancelled():
            done.exception()  # mark it as retrieved, as all who waited may have gone

    async def _find(self, since: FeedPositions, present: Epoch) -> Route | None:
        while True:
            epochs, firsts = await self._read(since, present)
            if self._is_settled(since.feed, epochs):
                return await self._route(since, present, epochs, firsts) if epochs else None
            await asyncio.sleep(SETTLE_CHECK_S)

    async def _read(self, since: FeedPositions, present: Epoch) -> tuple[list[EndedEpoch], Firsts]:
        def read(reader: Any) -> tuple[list[EndedEpoch], Firsts]:
            log = reader.log
            found = Epoch(since.feed, since.epoch, len(since.positions))
            epochs = log.ended(found, present.key)
            positions = since.padded(epochs[0].record.shards).positions if epochs else ()
            streams = found._replace(shards=len(positions)).streams()
            return epochs, tuple(
                log.first_after(stream, since.epoch, position)
                for stream, position in zip(streams, positions, strict=True)
            )

        return await read_history(self._archive, read)

    def _is_settled(self, feed: int, epochs: Sequence[EndedEpoch]) -> bool:
        """Return whether the recorder has noted the end of the last epoch, or had time to."""
        if epochs and epochs[-1].record.next:
            return True
        return asyncio.get_running_loop().time() > self._began.get(feed, 0.0) + SETTLE_S

    # --- the route
    async def _route(
        self,
        since: FeedPositions,
        present: Epoch,
        epochs: Sequence[EndedEpoch],
        firsts: Firsts,
    ) -> Route:
        """Return the route through some epochs.

        Parameters
        ----------
        since : FeedPositions
            A position in the first of them.
        present : Epoch
        epochs : sequence of EndedEpoch
        firsts : tuple of int or None
        """
        since = since.padded(epochs[0].record.shards)
        if len(since.positions) != epochs[0].record.shards:
            raise BadSince("since is an id of another number of shards")
        names = [*(epoch.record.epoch for epoch in epochs[1:]), present.key.hex()]
        counts = [*(epoch.record.shards for epoch in epochs[1:]), present.shards]
        begin, is_whole = _begin(since, epochs[0], firsts)
        remainders: list[Remainder] = []
        for epoch, name, count in zip(epochs, names, counts, strict=True):
            leads = epoch.leads_to(name) and _is_in(begin, epoch)
            if remainders or any(map(int.__lt__, begin.positions, epoch.last)):
                remainders.append(Remainder(await self._archived(epoch), begin, leads))
            else:
                is_whole = is_whole and leads
            begin = FeedPositions(bytes.fromhex(name), _carried(begin, epoch, count))
        return Route(tuple(remainders), begin, is_whole)

    async def _archived(self, epoch: EndedEpoch) -> ArchivedEpoch:
        """Return an ended epoch, whose table of instruments is made in the thread of the files."""
        found = self._epochs.get(epoch.key)
        if found is None or tuple(found.last.values()) != epoch.last:
            key = Epoch(epoch.record.feed, epoch.key, epoch.record.shards)
            rows = self._data.instruments.rows
            made = await read_history(
                self._archive,
                lambda _: ArchivedEpoch(self._archive, key, epoch.last, rows, self._sessions),
            )
            found = self._epochs.setdefault(epoch.key, made)
            if found.last != made.last:
                found = self._epochs[epoch.key] = made
        return found


def _begin(since: FeedPositions, epoch: EndedEpoch, firsts: Firsts) -> tuple[FeedPositions, bool]:
    """Return the positions to begin after, and whether no tick is missing before them.

    A merged write that was cut is finished if the epoch has all of it, else its rest is missing.
    """
    write, positions, is_whole = since.unfinished, [], True
    if write is not None and write.end > epoch.last[write.shard]:
        is_whole = False
        since = since.moved(
            tuple(
                write.sent if shard == write.shard else position
                for shard, position in enumerate(since.positions)
            )
        )
    for position, first, last in zip(since.positions, firsts, epoch.last, strict=True):
        if position >= last:
            positions.append(position)
            continue
        first = last + 1 if first is None else first  # its files were removed
        is_whole = is_whole and first == position + 1
        positions.append(min(first - 1, last))
    return since.moved(tuple(positions)), is_whole


def _is_in(begin: FeedPositions, epoch: EndedEpoch) -> bool:
    """Return whether positions are not after the end of an epoch, unless its writer told that."""
    return epoch.record.is_told or all(map(int.__le__, begin.positions, epoch.last))


def _carried(begin: FeedPositions, epoch: EndedEpoch, shards: int) -> tuple[int, ...]:
    """Return where the next epoch is to be begun.

    Ticks that a client has of after the told end of an epoch are those with which the next begins.
    """
    record = epoch.record
    if not record.is_told or record.ends is None or record.shards != shards:
        return (0,) * shards
    pairs = zip(begin.positions, record.ends, strict=True)
    return tuple(max(0, position - end) for position, end in pairs)
