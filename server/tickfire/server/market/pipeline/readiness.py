"""`Readiness`: faults of the way from the feeds through Redis to this worker."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Final, Protocol

from tickfire.base.units import NS_PER_S
from tickfire.server.market.epoch.data import MarketData
from tickfire.server.market.pipeline.flow import Flow
from tickfire.server.market.pipeline.reading import Reading, not_read
from tickfire.server.metrics import Metrics
from tickfire.store.history import History
from tickfire.store.requests import RedisUnavailable
from tickfire.store.schema import Stream

LOOK_S: Final = 1.0
"""Time between two comparisons of the streams with what was read of them, in seconds."""

logger = logging.getLogger(__name__)


class FollowedMarket(Protocol):
    """The market, as far as its reading is concerned."""

    data: MarketData

    def history(self, stream: Stream) -> History:
        """Return the reader of a stream's history."""

    def read_positions(self) -> dict[Stream, int]:
        """Return the position up to which each followed stream has been read."""


class Readiness:
    """Judge of the flow of market data.

    Parameters
    ----------
    flow : Flow
    live : callable
        Returns the market, None while there is none.
    metrics : Metrics
    clock : callable
        Returns ns since the Unix epoch.

    Attributes
    ----------
    written : int
        Sum of the newest positions of the streams, as far as their servers answered.
    """

    def __init__(
        self,
        flow: Flow,
        live: Callable[[], FollowedMarket | None],
        metrics: Metrics,
        clock: Callable[[], int],
    ) -> None:
        self._flow, self._live, self._clock = flow, live, clock
        self._reading = Reading()
        self._live_since = 0
        self._has_caught_up = False
        self.written = 0
        metrics.watch(
            "feed_silence_seconds", "Time since the latest data of a feed.", "feed", self._silences
        )
        metrics.watch(
            "feed_flows", "1 if the data of a feed flows, 0 if it should and does not.", "feed",
            self._flows,
        )  # fmt: skip
        metrics.watch(
            "stream_unread_seconds",
            "Time for which a stream has had ticks of which this worker read none.", "stream",
            self._waits,
        )  # fmt: skip

    def begin(self) -> None:
        """Note that the market begins to be followed."""
        self._live_since = self._clock()

    async def run(self) -> None:
        """Compare the streams with what was read of them until cancelled."""
        while True:
            live = self._live()
            if live is not None:
                await self._look(live)
            await asyncio.sleep(LOOK_S)

    async def _look(self, live: FollowedMarket) -> None:
        streams = live.data.streams
        found = await asyncio.gather(
            *(live.history(stream).newest() for stream in streams), return_exceptions=True
        )
        written = {}
        for stream, newest in zip(streams, found, strict=True):
            if isinstance(newest, int):
                written[stream] = newest
            elif not isinstance(newest, RedisUnavailable):
                raise newest
        self._reading.look(written, live.read_positions(), self._clock())
        self.written = sum(written.values())

    def fault(self) -> str | None:
        """Return the reasons why data does not flow, None if it does.

        A worker that begins while a feed catches up waits for it: its clients would get all of the
        past as news. To one that was ready before, the past is what it missed.
        """
        now = self._clock()
        behind = self._behind(now)
        if behind is not None:
            return behind
        unread = self._reading.unread(now)
        faults = [f"{not_read(unread)} by this worker"] if unread else []
        return "; ".join([*faults, *self._flow.faults(now).values()]) or None

    @property
    def is_catching_up(self) -> bool:
        """True until the feeds have caught up with their sources once since this worker began."""
        return self._behind(self._clock()) is not None

    def _behind(self, now: int) -> str | None:
        if self._has_caught_up:
            return None
        behind = self._flow.behind(self._live_since, now)
        self._has_caught_up = behind is None
        return behind

    def failure(self) -> str | None:
        """Return the reason why this worker will not go on by itself, None if it will."""
        stuck = self._reading.stuck(self._clock())
        return f"{not_read(stuck)}, though Redis answers" if stuck else None

    # --- metrics
    def _silences(self) -> dict[str, float]:
        silences = self._flow.silences(self._clock())
        return {str(feed): silence / NS_PER_S for feed, silence in silences.items()}

    def _flows(self) -> dict[str, float]:
        now = self._clock()
        faults = self._flow.faults(now)
        return {str(feed): float(feed not in faults) for feed in self._flow.silences(now)}

    def _waits(self) -> dict[str, float]:
        waits = self._reading.waits(self._clock())
        return {str(stream): wait / NS_PER_S for stream, wait in waits.items()}
