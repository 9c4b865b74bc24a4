"""`FeedFollower`: notices feeds and their new epochs in Redis, and moves the worker to them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Final

from tickfire.base.retry import retry
from tickfire.base.units import milliseconds
from tickfire.server.market.epoch.feed import LiveFeed
from tickfire.server.market.epoch.live import LiveMarket
from tickfire.server.market.ticks.positions import WireId
from tickfire.server.market.ticks.views import REALTIME
from tickfire.store.entries import Entry, status_of
from tickfire.store.epoch import Epoch, NewerLayout, epochs_of, origin_of
from tickfire.store.requests import RedisUnavailable, Requests, is_told, newest_id
from tickfire.store.schema import META_KEY, STATUS_KEY, Status, Stream
from tickfire.store.store import Store
from tickfire.store.tail import Tail

EPOCH_CHECK_S: Final = 1.0
"""Time between two checks for new epochs, in seconds."""

logger = logging.getLogger(__name__)


class FeedFollower:
    """Follower of the feeds in Redis.

    Parameters
    ----------
    make_live : callable
        Makes a `LiveMarket`, given a store.
    on_leave : callable
        Called with the number of a feed whose epoch is over, while its positions are still known.
    on_enter : callable
        Called with the number of a feed that has been loaded, before its streams are followed.

    Attributes
    ----------
    live : LiveMarket or None
        The market; None until the feeds that Redis holds have been loaded.
    reachable : bool
        True if Redis answered the last request for the epochs.
    refusal : str or None
        The reason why the data in Redis cannot be read; None if they can.
    origins : dict of int to str or None
        The origin of the ticks of each feed: ``"live"``, ``"replay"`` or ``"simulated"``; None if
        unknown.
    """

    def __init__(
        self,
        make_live: Callable[[Store], LiveMarket],
        *,
        on_leave: Callable[[int], None],
        on_enter: Callable[[int], None],
    ) -> None:
        self.live: LiveMarket | None = None
        self.reachable = False
        self.refusal: str | None = None
        self.origins: dict[int, str | None] = {}
        self._make_live = make_live
        self._on_leave = on_leave
        self._on_enter = on_enter
        self._check_now = asyncio.Event()
        self._entered = asyncio.Event()

    @property
    def origin(self) -> str | None:
        """The origin that all feeds have in common, None if there is none."""
        origins = set(self.origins.values())
        return origins.pop() if len(origins) == 1 else None

    async def wait_live(self) -> LiveMarket:
        """Wait until the market has been loaded, and return it."""
        while self.live is None:
            await self._entered.wait()
        return self.live

    async def run(self, store: Store) -> None:
        """Follow the feeds until cancelled."""
        meta = Requests(store, META_KEY)
        status = asyncio.get_running_loop().create_task(self._follow_status(store))
        market = self._make_live(store)
        try:
            while True:
                for epoch in await self._new_epochs(meta, market):
                    await self._change(meta, market, epoch)
                if self.live is None:
                    self.live = market
                    self._entered.set()
        finally:
            status.cancel()
            await asyncio.gather(status, return_exceptions=True)
            for feed in list(market.feeds):
                self._on_leave(feed)
            self.live = None
            await market.stop()
            meta.close()

    # --- epochs
    async def _read_epochs(self, meta: Requests) -> dict[int, Epoch]:
        """Return the epochs that Redis holds, by feed."""
        try:
            fields = await meta.hash(META_KEY)
        except RedisUnavailable:
            self.reachable = False
            raise
        self.reachable = True
        try:
            epochs = epochs_of(fields)
        except NewerLayout as error:
            if self.refusal is None:
                logger.error("%s", error)
            self.refusal = str(error)
            return {}
        self.refusal = None
        self.origins = {feed: origin_of(fields, feed) for feed in epochs}
        return epochs

    async def _new_epochs(self, meta: Requests, market: LiveMarket) -> list[Epoch]:
        """Wait until Redis holds epochs that are not followed, and return them."""
        while True:
            try:
                epochs = await self._read_epochs(meta)
                market.known = frozenset(epochs)
                new = [one for one in epochs.values() if not market.is_current(one)]
                if new:
                    return new
                if self.live is not None and self.live.table_is_stale:
                    await self.live.learn()
            except RedisUnavailable as error:
                logger.debug("cannot read the epochs: %s", error)
            try:
                async with asyncio.timeout(EPOCH_CHECK_S):
                    await self._check_now.wait()
            except TimeoutError:
                pass
            self._check_now.clear()

    async def _change(self, meta: Requests, market: LiveMarket, epoch: Epoch) -> None:
        """Leave the old epoch of a feed, load the new one, and follow its streams."""
        if epoch.feed in market.feeds:
            self._on_leave(epoch.feed)
            await market.leave(epoch.feed)

        async def still_current() -> bool:
            try:
                current = (await self._read_epochs(meta)).get(epoch.feed) == epoch
            except RedisUnavailable:
                return True
            if not current:
                self._check_now.set()
            return current

        feed = market.feed(epoch, still_current)
        try:
            positions = await _seed(market, feed)
        except BaseException:
            feed.close()
            raise
        logger.info(
            "feed %d, epoch %s: %d instruments in all, newest id %s",
            epoch.feed, epoch.key.hex(), len(market.data.states.rows),
            WireId.of({epoch.feed: epoch}, positions),
        )  # fmt: skip
        market.enter(feed, positions)
        self._on_enter(epoch.feed)
        feed.follow()

    # --- status
    async def _follow_status(self, store: Store) -> None:
        last = await newest_id(store, STATUS_KEY)
        await Tail(store, {STATUS_KEY: last}, self._on_status, on_live=self._on_status_live).run()

    def _on_status_live(self) -> None:
        self._check_now.set()
        if self.live is not None:
            self.live.table_is_stale = True  # entries may have been missed before the connection

    async def _on_status(self, key: bytes, entries: list[Entry], read_ns: int) -> None:
        statuses = [status for status in map(status_of, entries) if status is not None]
        if any(status.changes_feeds for status in statuses):
            self._check_now.set()
        if self.live is not None and any(status.kind == "instrument" for status in statuses):
            await self.live.learn()
        for status in statuses:
            if status.kind == "gap" and status.feed is not None and self.live is not None:
                self.live.fanout.announce(REALTIME, "feed_gap", _gap_as_json(status))


async def _seed(market: LiveMarket, feed: LiveFeed) -> dict[Stream, int]:
    return await retry(
        lambda: market.seed(feed),
        on=(RedisUnavailable,),
        what=f"loading feed {feed.epoch.feed}",
        logger=logger,
        is_told=is_told,
    )


def _gap_as_json(status: Status) -> dict[str, object]:
    bounds = [milliseconds(ns) if ns else None for ns in (status.begin, status.end)]
    return {"feed": status.feed, "from": bounds[0], "to": bounds[1], "detail": status.detail}
