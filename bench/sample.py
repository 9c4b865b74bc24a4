"""DBN file of the simulated market, for machines without recorded data."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Final

from tickfire.ingest.dbn.metadata import Metadata
from tickfire.ingest.gateway.market.simulation import Simulation

START_NS: Final = 1_700_000_000_000_000_000
SECONDS: Final = 600
SPEED: Final = 2.0


def sample_file() -> Path:
    """Write ten minutes of the simulated market to a temporary file; return its path."""
    simulation = Simulation(1, START_NS, speed=SPEED)
    path = Path(tempfile.gettempdir()) / "tickfire-bench.dbn"
    with path.open("wb") as file:
        file.write(Metadata("TICKFIRE.SIM", start=START_NS).encode())
        for second in range(1, SECONDS + 1):
            for data in simulation.advance(START_NS + second * 1_000_000_000):
                file.write(data.tobytes())
    return path
