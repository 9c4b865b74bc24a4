"""Bars of a whole file, by the kernel that ingest runs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from tickfire.base.units import PRICE_SCALE
from tickfire.ingest.dbn.errors import DbnError
from tickfire.ingest.dbn.file import open_dbn
from tickfire.ingest.dbn.instruments import InstrumentTable
from tickfire.ingest.kernel import context as ctx
from tickfire.ingest.kernel.parse import FeedCorrupt, Parser
from tickfire.ingest.kernel.state import InstrumentStates
from tickfire.kernels.bars import SECOND_NS
from tickfire.store.schema import BAR, INTERVALS_S, Rows


def decimal(price: int) -> str:
    """Return a price of 1e-9 as an exact decimal without trailing zeros.

    >>> decimal(5_524_250_000_000), decimal(-500_000_000), decimal(7_000_000_000)
    ('5524.25', '-0.5', '7')
    """
    whole, part = divmod(abs(price), PRICE_SCALE)
    sign = "-" if price < 0 else ""
    return f"{sign}{whole}.{part:09d}".rstrip("0").rstrip(".")


def merge(pieces: Rows, interval_s: int) -> Rows:
    """Fold pieces of bars into whole bars of an interval.

    Parameters
    ----------
    pieces : BAR[k]
        In order of closing, of one finer interval that divides ``interval_s``.
    interval_s : int

    Returns
    -------
    BAR[m]
        By start, then by feed and instrument.
    """
    if not len(pieces):
        return pieces
    span = interval_s * SECOND_NS
    start = pieces["start"] - pieces["start"] % span
    order = np.lexsort((pieces["instrument_id"], pieces["feed"], start))  # stable
    pieces, start = pieces[order], start[order]
    same = np.ones(len(pieces), bool)
    for column in (start, pieces["feed"], pieces["instrument_id"]):
        same[1:] &= column[1:] == column[:-1]
    same[0] = False
    first = np.flatnonzero(~same)
    last = np.append(first[1:], len(pieces)) - 1
    bars = pieces[first].copy()
    bars["start"], bars["interval_s"], bars["flags"] = start[first], interval_s, 0
    bars["high"] = np.maximum.reduceat(pieces["high"], first)
    bars["low"] = np.minimum.reduceat(pieces["low"], first)
    bars["close"], bars["n"] = pieces["close"][last], pieces["n"][last]
    bars["volume"] = np.add.reduceat(pieces["volume"], first)
    bars["trades"] = np.add.reduceat(pieces["trades"], first)
    notional = np.add.reduceat(pieces["vwap"] * pieces["volume"].astype(np.float64), first)
    traded = np.maximum(bars["volume"], 1).astype(np.float64)
    bars["vwap"] = np.where(bars["volume"] > 0, np.rint(notional / traded), bars["close"])
    return bars


def file_bars(path: str | Path, interval: str) -> Iterator[dict[str, Any]]:
    """Yield the bars of the trades (action T) of a DBN file, in time order.

    Parameters
    ----------
    path : str or Path
    interval : str
        A key of `INTERVALS_S`.

    Yields
    ------
    dict
        symbol, instrument_id, ts (ns, start of the bar), open, high, low, close (decimal
        strings), volume.

    Raises
    ------
    DbnError
        The file cannot be read to its end; the bars of what precedes the fault were yielded.
    """
    file = open_dbn(path)
    table = InstrumentTable(feed=0)
    table.take_metadata(file.metadata)
    states = InstrumentStates(feed=0)
    states.context[ctx.CTX_TRADES_ONLY] = 1
    parser = Parser(states)
    base = min(60, INTERVALS_S[interval])
    pieces: list[Rows] = []
    fault: DbnError | FeedCorrupt | None = None
    try:
        for chunk in file.chunks():
            for batch in parser.feed(chunk):
                for record in batch.controls:
                    table.take_record(record)
                pieces.append(batch.bars[batch.bars["interval_s"] == base])
    except (DbnError, FeedCorrupt) as error:
        fault = error
    rest = states.close()
    pieces.append(rest[rest["interval_s"] == base])
    for bar in merge(np.concatenate(pieces, dtype=BAR), INTERVALS_S[interval]):
        yield _row(bar, table)
    if fault is not None:
        raise fault


def _row(bar: np.void, table: InstrumentTable) -> dict[str, Any]:
    number, start = int(bar["instrument_id"]), int(bar["start"])
    prices = {name: decimal(int(bar[name])) for name in ("open", "high", "low", "close")}
    head = {"symbol": table.symbol(number, start), "instrument_id": number, "ts": start}
    return {**head, **prices, "volume": int(bar["volume"])}
