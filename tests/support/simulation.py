"""The simulated market, run for a while, and visited by sessions."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from msgspec.structs import replace

from tests.support.gateway import ManualClock, Pipe, S
from tickfire.ingest.gateway.config import GatewayConfig
from tickfire.ingest.gateway.market.feed import SimulatedFeed
from tickfire.ingest.gateway.market.market import STEP_NS, SimulatedMarket
from tickfire.ingest.gateway.market.simulation import Simulation
from tickfire.ingest.gateway.outlet import Outlet
from tickfire.ingest.lsg.requests import GatewaySubscription

NOON = int(datetime(2026, 11, 18, 17, tzinfo=UTC).timestamp()) * S
NIGHT = int(datetime(2026, 11, 18, 4, tzinfo=UTC).timestamp()) * S
EVERYTHING = (GatewaySubscription("trades"), GatewaySubscription("mbp-1"))


def run(simulation: Simulation, until: int) -> bytes:
    return b"".join(batch.tobytes() for batch in simulation.advance(until))


def with_start(subscription: GatewaySubscription, start: int | None) -> GatewaySubscription:
    return subscription if subscription.start is not None else replace(subscription, start=start)


class Visit:
    """A session's feed on a market, and the records received."""

    def __init__(
        self,
        market: SimulatedMarket,
        clock: ManualClock,
        *subscriptions: GatewaySubscription,
        skip: bool = False,
        start: int | None = 0,
    ) -> None:
        self.feed = SimulatedFeed(market, clock, slow_after_s=0.01, skip_when_slow=skip)
        self.told = [
            message
            for subscription in subscriptions or EVERYTHING
            for message in self.feed.subscribe(with_start(subscription, start), late=False)
        ]
        self.pipe = Pipe()
        self.outlet = Outlet(
            self.pipe, clock, version=3, ts_out=False, selection=self.feed.selection
        )

    @asynccontextmanager
    async def running(self, clock: ManualClock) -> AsyncIterator[asyncio.Task[None]]:
        task = asyncio.create_task(self.feed.run(self.outlet))
        await clock.asleep()
        try:
            yield task
        finally:
            task.cancel()
            await asyncio.wait([task])


def market(clock: ManualClock, **options: Any) -> SimulatedMarket:
    return SimulatedMarket(GatewayConfig(**({"history_s": 30.0, "seed": 4} | options)), clock)


async def step(clock: ManualClock, count: int = 1) -> None:
    """Let so many steps of the market pass."""
    for _ in range(count):
        clock.advance(STEP_NS)
        await clock.asleep()
