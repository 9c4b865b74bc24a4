"""The simulated market, run for a while."""

from __future__ import annotations

from datetime import UTC, datetime

from tests.support.gateway import S
from tickfire.ingest.gateway.market.simulation import Simulation

NOON = int(datetime(2026, 11, 18, 17, tzinfo=UTC).timestamp()) * S
NIGHT = int(datetime(2026, 11, 18, 4, tzinfo=UTC).timestamp()) * S


def run(simulation: Simulation, until: int) -> bytes:
    return b"".join(batch.tobytes() for batch in simulation.advance(until))
