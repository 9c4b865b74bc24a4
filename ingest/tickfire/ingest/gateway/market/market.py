"""The simulated market in real time, shared by all sessions."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from tickfire.base.units import NS_PER_S
from tickfire.ingest.gateway.config import GatewayConfig
from tickfire.ingest.gateway.market.history import History
from tickfire.ingest.gateway.market.parameters import MAX_LATENCY_NS
from tickfire.ingest.gateway.market.reports.reporter import Reporter
from tickfire.ingest.gateway.market.simulation import Simulation
from tickfire.ingest.gateway.market.universe import Listing
from tickfire.ingest.gateway.pace import Clock
from tickfire.ingest.gateway.segment import Segment, survey_chunk

STEP_NS: Final = 10_000_000
"""The time whose events are made and sent together."""
LAG_NS: Final = int(MAX_LATENCY_NS)
"""The delay after which events are made, so that none has a receive time in the future."""
LONGEST_GAP_NS: Final = 10 * NS_PER_S
"""A market that paused for longer than this, and than its history, skips the pause."""


class SegmentSink(Protocol):
    """A consumer of the market's records."""

    def push(self, segment: Segment) -> None:
        """Take the newest records."""
        ...


class SimulatedMarket:
    """A simulated market that runs while a session is attached.

    Parameters
    ----------
    config : GatewayConfig
        Gives the seed, the number of instruments, the speed, the history and the start.
    clock : Clock
    """

    def __init__(self, config: GatewayConfig, clock: Clock) -> None:
        history_ns = int(config.history_s * NS_PER_S)
        start = config.start_clock
        self._clock = clock
        self._time = clock.time_ns() - LAG_NS - history_ns if start is None else start
        self._simulation = Simulation(
            config.seed, self._time, instruments=config.instruments, speed=config.speed
        )
        self._reporter = Reporter(self._simulation.listings, self._simulation.halts, config.seed)
        self._history = History(history_ns)
        self._sinks: set[SegmentSink] = set()
        self._advancing = asyncio.Lock()
        self._pump: asyncio.Task[None] | None = None

    @property
    def listings(self) -> list[Listing]:
        """The instruments."""
        return self._simulation.listings

    @property
    def earliest(self) -> int:
        """The time at which the history begins, in ns since the Unix epoch."""
        return self._clock.time_ns() - self._history.length_ns

    def reports(self) -> Segment:
        """Return the present statistics and trading statuses, to be sent to a new session."""
        return survey_chunk(self._reporter.present(self._clock.time_ns()))

    async def catch_up(self) -> None:
        """Advance the market to the present, letting other tasks run meanwhile."""
        async with self._advancing:
            await self._catch_up()

    async def attach(self, sink: SegmentSink) -> list[Segment]:
        """Push records to a sink from now on; return the history up to now."""
        async with self._advancing:
            await self._catch_up()
            history = self._history.segments()
            self._sinks.add(sink)
        if self._pump is None:
            self._pump = asyncio.get_running_loop().create_task(self._run())
        return history

    def detach(self, sink: SegmentSink) -> None:
        """Stop pushing records to a sink."""
        self._sinks.discard(sink)
        if not self._sinks and self._pump is not None:
            self._pump.cancel()
            self._pump = None

    async def _catch_up(self) -> None:
        for segment in self._advance():
            self._publish(segment)
            await self._clock.sleep_until(0)

    async def _run(self) -> None:
        while True:
            async with self._advancing:
                for segment in self._advance():
                    self._publish(segment)
            await self._clock.sleep_until(self._clock.monotonic_ns() + STEP_NS)

    def _publish(self, segment: Segment) -> None:
        self._history.add(segment)
        for sink in self._sinks:
            sink.push(segment)

    def _advance(self) -> Iterator[Segment]:
        now = self._clock.time_ns() - LAG_NS
        if now - self._time > max(self._history.length_ns, LONGEST_GAP_NS) + NS_PER_S:
            self._history.clear()
            self._time = now - self._history.length_ns
            self._simulation.skip_to(self._time)
        while self._time < now:
            if not self._reporter.has_begun or self._time % NS_PER_S == 0:
                told = self._reporter.told_at(self._time, self._simulation.received)
                yield from _segments(told)
            self._time = min(now, (self._time // NS_PER_S + 1) * NS_PER_S)
            for data in self._simulation.advance(self._time):
                segment = survey_chunk(data)
                yield segment
                yield from _segments(self._reporter.after_trades(segment))


def _segments(data: NDArray[np.uint8]) -> Iterator[Segment]:
    """Yield the segment of whole records, unless there are none."""
    if len(data):
        yield survey_chunk(data)
