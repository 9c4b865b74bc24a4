"""DBN files of the simulated market with injected bursts, for `tickfire gateway` to replay."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tickfire.base.units import NS_PER_S
from tickfire.ingest.dbn.layout import DBN_VERSION, RTYPE_TRADE
from tickfire.ingest.dbn.metadata import MappingInterval, Metadata, SymbolMapping
from tickfire.ingest.dbn.records import record_dtype
from tickfire.ingest.gateway.market.simulation import Simulation
from tickfire.ingest.gateway.market.universe import Listing
from tickfire.ingest.gateway.segment import Segment, survey_chunk

SYMBOL: Final = "SPY"
BURST_TRADES: Final = 30
BURST_STEP_NS: Final = 1_000
BURST_SIZE: Final = 3_000_000
"""Size of each trade of a burst; usual trades have some hundreds."""
QUIET_S: Final = 25
EVERY_S: Final = 15
START: Final = 1_700_145_000
"""The middle of a trading day, in seconds since the Unix epoch."""
SPEED: Final = 0.5


def write_bursts(path: Path, seconds: int, seed: int = 1) -> list[int]:
    """Write some seconds of the market; return the times of the bursts, in ns.

    A burst is `BURST_TRADES` trades of `SYMBOL` within microseconds, each of `BURST_SIZE`; one
    comes every `EVERY_S` seconds after the first `QUIET_S`.
    """
    simulation = Simulation(seed, START * NS_PER_S, speed=SPEED)
    number = next(x.instrument_id for x in simulation.listings if x.symbol == SYMBOL)
    pieces: list[bytes] = [_metadata(simulation.listings).encode()]
    times: list[int] = []
    for second in range(seconds):
        data = np.concatenate(list(simulation.advance((START + second + 1) * NS_PER_S)))
        pieces.append(data.tobytes())
        if second >= QUIET_S and (second - QUIET_S) % EVERY_S == 0:
            burst = _burst(survey_chunk(data), number)
            times.append(int(burst["ts_event"][0]))
            pieces.append(burst.tobytes())
    path.write_bytes(b"".join(pieces))
    return times


def _burst(segment: Segment, number: int) -> NDArray[Any]:
    """Return a burst that follows the last trade of an instrument in a segment."""
    chosen = (segment.rtypes == RTYPE_TRADE) & (segment.instrument_ids == number)
    at = int(segment.offsets[np.flatnonzero(chosen)[-1]])
    dtype = record_dtype(RTYPE_TRADE, DBN_VERSION)
    assert dtype is not None
    model = segment.data[at : at + dtype.itemsize].view(dtype)
    burst = np.repeat(model, BURST_TRADES)
    steps = np.arange(1, BURST_TRADES + 1, dtype=np.uint64) * np.uint64(BURST_STEP_NS)
    last = segment.clocks[-1].astype(np.uint64)
    burst["ts_event"] = burst["ts_recv"] = last + steps
    burst["size"] = BURST_SIZE
    return burst


def _metadata(listings: list[Listing]) -> Metadata:
    day = datetime.fromtimestamp(START, UTC).date()
    mappings = tuple(
        SymbolMapping(
            one.symbol,
            (MappingInterval(day, day + timedelta(days=1), str(one.instrument_id)),),
        )
        for one in listings
    )
    return Metadata("SIM.BURSTS", stype_in="raw_symbol", mappings=mappings)
