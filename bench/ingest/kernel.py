"""The parse kernel beside databento's decoder, pass by pass in turn.

The kernel makes ticks, bars, the state of instruments and, from records of orders, full order
books; the decoder makes Python objects. Run it with ``python -m bench.ingest.kernel``;
recorded data is read from ``../shared`` if that is there.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tickfire.ingest.dbn.file import aligned, open_dbn
from tickfire.ingest.dbn.layout import ACTION_TRADE, RTYPE_MBP_1
from tickfire.ingest.dbn.metadata import Metadata
from tickfire.ingest.dbn.records import MBP_1
from tickfire.ingest.kernel.measure import compare

FOLDER: Final = Path(__file__).resolve().parents[3] / "shared/data/dbn"
MIXED: Final = "lean_20131008_mixed.dbn.zst"
ORDERS: Final = "esh4-glbx-mdp3-20231225.mbo.dbn.zst"
RANDOM_RECORDS: Final = 500_000
RANDOM_INSTRUMENTS: Final = 1024
TRADE_SHARE: Final = 0.15
STEP_NS: Final = 20_000
SEED: Final = 42


def random_records() -> NDArray[np.uint8]:
    """Return MBP-1 records of many instruments in random order.

    Each moves one side of its instrument's book, and some are trades.
    """
    rng = np.random.default_rng(SEED)
    rows = np.zeros(RANDOM_RECORDS, MBP_1)
    rows["length"], rows["rtype"], rows["publisher_id"] = MBP_1.itemsize // 4, RTYPE_MBP_1, 1
    rows["instrument_id"] = 1 + rng.integers(0, RANDOM_INSTRUMENTS, RANDOM_RECORDS)
    passed = np.cumsum(rng.integers(0, 2 * STEP_NS, RANDOM_RECORDS))
    rows["ts_event"] = rows["ts_recv"] = 1_700_000_000_000_000_000 + passed
    rows["price"] = 10**11 + rng.integers(0, 100, RANDOM_RECORDS) * 10**7
    rows["size"], rows["side"] = 1, ord("B")
    is_trade = rng.random(RANDOM_RECORDS) < TRADE_SHARE
    rows["action"] = np.where(is_trade, ACTION_TRADE, ord("M"))
    rows["bid_px_00"], rows["ask_px_00"] = 10**11 - 10**7, 10**11 + 10**7
    for instrument_id in range(1, RANDOM_INSTRUMENTS + 1):
        own = np.flatnonzero(rows["instrument_id"] == instrument_id)
        is_bid = rng.random(len(own)) < 0.5
        rows["bid_sz_00"][own] = 1 + np.cumsum(is_bid)
        rows["ask_sz_00"][own] = 1 + np.cumsum(~is_bid)
    data = aligned(rows.nbytes)
    data[:] = rows.view(np.uint8)
    return data


def inputs() -> dict[str, tuple[NDArray[np.uint8], Metadata, bool]]:
    """Return records, their metadata and True if only their trades are taken, by name."""
    given = {"1,024 instruments at random": (random_records(), Metadata("BENCH"), False)}
    if FOLDER.exists():
        mixed, orders = open_dbn(FOLDER / MIXED), open_dbn(FOLDER / ORDERS)
        mbo = orders.read_all()
        given["trades and quotes"] = mixed.read_all(), mixed.metadata, False
        given["orders, trades alone"] = mbo, orders.metadata, True
        given["orders, full book"] = mbo, orders.metadata, False
    return given


def main() -> None:
    """Measure and print the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON object a line")
    options = parser.parse_args()
    for name, (data, metadata, trades_only) in inputs().items():
        result = compare(data, metadata, trades_only=trades_only)
        kernel, peer = result["ns_per_record"], result["peers"].get("databento_dbn", 0)
        if options.json:
            print(json.dumps({"name": name} | result))
            continue
        print(
            f"{name:30} {result['records']:10,} records  kernel {kernel:6.1f} ns"
            f"  databento_dbn {peer:6.1f} ns  {peer / kernel:5.1f} x",
            flush=True,
        )


if __name__ == "__main__":
    main()
