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
    return compare(data, file.metadata) | {
        "single_call_ns": round(_measure_single_call(data), 1),
    }


def compare(
    data: NDArray[np.uint8], metadata: Metadata, *, trades_only: bool = False
) -> dict[str, Any]:
    """Measure the parse kernel and its peers over the same records, pass by pass in turn.

    Parameters
    ----------
    data : uint8[], 8-aligned
        Records.
    metadata : Metadata
        The metadata that precedes them.
    trades_only : bool
        Whether the kernel takes trades alone, and keeps no quotes and no order books.

    Returns
    -------
    dict
        ``records``, ``ns_per_record`` and ``peers``, as `measure_parse`.
    """
    states = InstrumentStates()
    states.context[ctx.CTX_BUFFER] = data.ctypes.data
    states.context[ctx.CTX_TRADES_ONLY] = trades_only
    runs: dict[str, Callable[[], object]] = {"kernel": lambda: _walk_all(states, len(data))}
    decode = _decoder(data, metadata)
    if decode is not None:
        runs["databento_dbn"] = decode
    times: dict[str, list[int]] = {name: [] for name in runs}
    _walk_all(states, len(data))  # the first pass makes room for the instruments and the orders
    records = states.count(ctx.COUNT_RECORDS)
    for _ in range(PASSES):
        states.clear()
        states.drain()
        for name, run in runs.items():
            times[name].append(_timed(run))
    per_record = {name: statistics.median(each) / max(records, 1) for name, each in times.items()}
    return {
        "records": records,
        "ns_per_record": round(per_record.pop("kernel"), 2),
        "peers": {name: round(ns, 2) for name, ns in per_record.items()},
    }


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


def _decoder(data: NDArray[np.uint8], metadata: Metadata) -> Callable[[], None] | None:
    """Return a function that decodes the records by databento_dbn; None if it is missing."""
    try:
        import databento_dbn
    except ImportError:
        return None
    as_is: Any = databento_dbn.VersionUpgradePolicy.AS_IS
    head = metadata.encode()
    chunks = [data[at : at + PEER_CHUNK].tobytes() for at in range(0, len(data), PEER_CHUNK)]

    def decode() -> None:
        decoder = databento_dbn.DBNDecoder(upgrade_policy=as_is, ts_out=metadata.ts_out)
        decoder.write(head)
        for chunk in chunks:
            decoder.write(chunk)
            decoder.decode()

    return decode


def _timed(run: Callable[[], object]) -> int:
    began = time.thread_time_ns()
    run()
    return time.thread_time_ns() - began
