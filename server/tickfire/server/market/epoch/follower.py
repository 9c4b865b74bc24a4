"""`EpochFollower`: notices new epochs in Redis, and moves the worker to them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final

import msgspec

from tickfire.base.calendar.sessions import Sessions
from tickfire.base.retry import Backoff
from tickfire.server.market.epoch.data import EpochData
from tickfire.server.market.epoch.live import LiveEpoch
from tickfire.store.entries import Entry
from tickfire.store.epoch import Epoch, epochs_of, origin_of
from tickfire.store.requests import RedisUnavailable, Requests, newest_id
from tickfire.store.schema import META_KEY, STATUS_KEY, Status
from tickfire.store.store import Store
from tickfire.store.tail import Tail

EPOCH_CHECK_S: Final = 1.0
"""Time between two checks for a new epoch, in seconds."""

logger = logging.getLogger(__name__)

type MakeLive = Callable[[Store, EpochData, Callable[[], Awaitable[bool]]], LiveEpoch]
"""Called with a store, fresh data, and a function that tells whether its epoch is still current."""

_STATUS: Final = msgspec.msgpack.Decoder(Status)


class EpochFollower:
    """Follower of the epoch in Redis.

    Parameters
    ----------
    make_live : callable
        Makes a `LiveEpoch`.
    on_leave : callable
        Called when the current epoch ends, and at the end.
    on_enter : callable
        Called with a new epoch once it has been loaded, before its streams are followed.
    sessions : Sessions, optional
        The trading hours of the instruments; by default those of their venues.

    Attributes
    ----------
    live : LiveEpoch or None
        The current epoch; None while there is none, or while a new one is loaded.
    reachable : bool
        Whether Redis answered the last request for the epoch.
    origin : str or None
        The origin of the ticks: ``"live"``, ``"replay"`` or ``"simulated"``; None if unknown.
    """

    def __init__(
        self,
        make_live: MakeLive,
        *,
        on_leave: Callable[[], None],
        on_enter: Callable[[LiveEpoch], None],
        sessions: Sessions | None = None,
    ) -> None:
        self.live: LiveEpoch | None = None
        self.reachable = False
        self.origin: str | None = None
        self._make_live = make_live
        self._on_leave = on_leave
        self._on_enter = on_enter
        self._sessions = sessions
        self._check_now = asyncio.Event()
        self._entered = asyncio.Event()

    async def wait_live(self) -> LiveEpoch:
        """Wait until an epoch has been loaded, and return it."""
        while self.live is None:
            await self._entered.wait()
        return self.live

    async def run(self, store: Store) -> None:
        """Follow the epochs until cancelled."""
        meta = Requests(store, META_KEY)
        status = asyncio.get_running_loop().create_task(self._follow_status(store))
        try:
            epoch: Epoch | None = None
            while True:
                epoch = await self._next_epoch(meta, epoch)
                await self._leave()
                await self._enter(store, meta, epoch)
        finally:
            status.cancel()
            await asyncio.gather(status, return_exceptions=True)
            await self._leave()
            meta.close()

    # --- epochs
    async def _read_epoch(self, meta: Requests) -> Epoch | None:
        """Return the epoch that Redis holds, None if there is no valid one."""
        try:
            fields = await meta.hash(META_KEY)
        except RedisUnavailable:
            self.reachable = False
            raise
        self.reachable = True
        epoch = next(iter(epochs_of(fields).values()), None)
        self.origin = None if epoch is None else origin_of(fields, epoch.feed)
        return epoch

    async def _next_epoch(self, meta: Requests, current: Epoch | None) -> Epoch:
        """Wait until Redis holds an epoch other than the current one."""
        while True:
            try:
                epoch = await self._read_epoch(meta)
                if epoch is not None and epoch != current:
                    return epoch
                if self.live is not None and self.live.table_is_stale:
                    await self.live.learn()
            except RedisUnavailable as error:
                logger.debug("cannot read the epoch: %s", error)
            try:
                async with asyncio.timeout(EPOCH_CHECK_S):
                    await self._check_now.wait()
            except TimeoutError:
                pass
            self._check_now.clear()

    async def _leave(self) -> None:
        old, self.live = self.live, None
        self._entered.clear()
        self._on_leave()
        if old is not None:
            await old.stop()

    async def _enter(self, store: Store, meta: Requests, epoch: Epoch) -> None:
        """Load an epoch, make it the current one, and follow its streams."""

        async def still_current() -> bool:
            try:
                current = await self._read_epoch(meta) == epoch
            except RedisUnavailable:
                return True
            if not current:
                self._check_now.set()
            return current

        data = EpochData(*epoch, self._sessions)
        live = self._make_live(store, data, still_current)
        await _seed(live, store)
        logger.info(
            "epoch %s: %d instruments, newest id %s",
            epoch.key.hex(), len(data.states.rows), data.newest_id(),
        )  # fmt: skip
        self.live = live
        self._entered.set()
        self._on_enter(live)
        live.follow()

    # --- status
    async def _follow_status(self, store: Store) -> None:
        last = await newest_id(store, STATUS_KEY)
        await Tail(store, {STATUS_KEY: last}, self._on_status, on_live=self._on_status_live).run()

    def _on_status_live(self) -> None:
        self._check_now.set()
        if self.live is not None:
            self.live.table_is_stale = True  # entries may have been missed before the connection

    async def _on_status(self, key: bytes, entries: list[Entry], read_ns: int) -> None:
        kinds = {status.kind for status in map(_status, entries) if status is not None}
        if kinds & {"session", "instrument", "epoch"}:
            self._check_now.set()
        if "instrument" in kinds and self.live is not None:
            await self.live.learn()


async def _seed(live: LiveEpoch, store: Store) -> None:
    backoff = Backoff()
    while True:
        try:
            return await live.seed()
        except RedisUnavailable as error:
            logger.warning("lost Redis while loading an epoch (%s); trying again", error)
            await backoff.pause()
            await store.refresh()


def _status(entry: Entry) -> Status | None:
    try:
        return _STATUS.decode(entry[1].get(b"d", b""))
    except msgspec.MsgspecError:
        return None
