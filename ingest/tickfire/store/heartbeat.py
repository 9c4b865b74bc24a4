"""`Heartbeat`: signs of life of a process, in the hash ``health``."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import Callable
from typing import Final

import msgspec

from tickfire.store.requests import RedisUnavailable, Requests
from tickfire.store.schema import HEALTH_KEY, Beat, FeedState
from tickfire.store.store import Store

BEAT_S: Final = 0.25

logger = logging.getLogger(__name__)


class Heartbeat:
    """Writer of a process's beats.

    Parameters
    ----------
    store : Store
    process : str
        Name of the process.
    figures : callable
        Returns the figures of a beat.
    feed : callable, optional
        Returns the state of the feed.
    """

    def __init__(
        self,
        store: Store,
        process: str,
        figures: Callable[[], dict[str, float]],
        feed: Callable[[], FeedState | None] = lambda: None,
    ) -> None:
        self._requests = Requests(store, HEALTH_KEY)
        self._process = process
        self._figures, self._feed = figures, feed
        self._started = time.time_ns()

    async def run(self) -> None:
        """Write beats until cancelled; one that Redis does not take is lost."""
        try:
            while True:
                await self.beat()
                await asyncio.sleep(BEAT_S)
        finally:
            self._requests.close()

    async def beat(self) -> None:
        """Write one beat, or none if Redis does not take it."""
        try:
            await self._requests.command("HSET", HEALTH_KEY, self._process, self._packed())
        except RedisUnavailable as error:
            logger.debug("a beat was not written: %s", error)

    def _packed(self) -> bytes:
        beat = Beat(
            self._process,
            os.getpid(),
            self._started,
            time.time_ns(),
            self._figures(),
            self._feed(),
        )
        return msgspec.msgpack.encode(beat)
