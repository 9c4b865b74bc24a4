"""Measurement of the parse kernel against Databento's own decoder, for ``tickfire bench parse``."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tickfire.ingest.dbn.file import aligned, open_dbn
from tickfire.ingest.dbn.metadata import Metadata
from tickfire.ingest.kernel import context as ctx
from tickfire.ingest.kernel.parse_kernel import walk
from tickfire.ingest.kernel.state import InstrumentStates

PASSES: Final = 7
PEER_PASSES: Final = 3
PEER_CHUNK: Final = 1 << 16
"""Bytes passed to the peer in one call, about as many as a live socket yields."""
SINGLE_CALLS: Final = 20_000


def measure_parse(path: str | Path) -> dict[str, Any]:
    """Measure the parse kernel over a file.

    Returns
    -------
    dict
        ``records``: their number; ``ns_per_record``: median CPU time of one pass over all records,
        divided by their number; ``single_call_ns``: median time of a call with one record, the
        Python call included; ``peers``: ns per record of each peer that is installed, by name.

    Raises
    ------
    DbnError
        If the file cannot be read to its end.
    """
    file = open_dbn(path)
    data = file.read_all()
    records, kernel_ns = _measure_kernel(data)
    return {
        "records": records,
        "ns_per_record": round(kernel_ns, 2),
        "single_call_ns": round(_measure_single_call(data), 1),
        "peers": _measure_peers(file.metadata, data, records),
    }


def _measure_kernel(data: NDArray[np.uint8]) -> tuple[int, float]:
    times = []
    records = 0
    for _ in range(PASSES):
        states = InstrumentStates()
        states.context[ctx.CTX_BUFFER] = data.ctypes.data
        elapsed = _timed(lambda states=states: _walk_all(states, len(data)))  # type: ignore[misc]
        records = states.count(ctx.COUNT_RECORDS)
        times.append(elapsed / max(records, 1))
    return records, statistics.median(times)


def _walk_all(states: InstrumentStates, size: int) -> None:
    at = -1
    end = 0
    while end != at:
        at, end = end, walk(states.address, end, size)
        if states.grow_full():
            at = -1
        states.drain()


def _measure_single_call(data: NDArray[np.uint8]) -> float:
    """Return the median time (ns) of a call with one record, the middle one of the file."""
    if not len(data):
        return 0.0
    at = 0
    while at < len(data) // 2:
        at += int(data[at]) * 4
    one = aligned(int(data[at]) * 4)
    one[:] = data[at : at + len(one)]
    states = InstrumentStates()
    states.context[ctx.CTX_BUFFER] = one.ctypes.data
    address, size, counters = states.address, len(one), states.counters
    times = []
    for _ in range(SINGLE_CALLS):
        began = time.perf_counter_ns()
        walk(address, 0, size)
        times.append(time.perf_counter_ns() - began)
        counters[ctx.COUNT_TICKS] = counters[ctx.COUNT_BARS] = counters[ctx.COUNT_CONTROLS] = 0
    return statistics.median(times)


def _measure_peers(metadata: Metadata, data: NDArray[np.uint8], records: int) -> dict[str, float]:
    try:
        import databento_dbn
    except ImportError:
        return {}
    as_is: Any = databento_dbn.VersionUpgradePolicy.AS_IS
    head = metadata.encode()
    chunks = [data[at : at + PEER_CHUNK].tobytes() for at in range(0, len(data), PEER_CHUNK)]

    def decode() -> None:
        decoder = databento_dbn.DBNDecoder(upgrade_policy=as_is, ts_out=metadata.ts_out)
        decoder.write(head)
        for chunk in chunks:
            decoder.write(chunk)
            decoder.decode()

    times = [_timed(decode) / max(records, 1) for _ in range(PEER_PASSES)]
    return {"databento_dbn": round(statistics.median(times), 2)}


def _timed(run: Callable[[], object]) -> int:
    began = time.thread_time_ns()
    run()
    return time.thread_time_ns() - began
