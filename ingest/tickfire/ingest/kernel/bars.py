"""Bars of a whole DBN file, made by the kernel that ingest runs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tickfire.base.calendar.bounds import bounds_of
from tickfire.base.calendar.hours import ALWAYS
from tickfire.base.calendar.sessions import Sessions
from tickfire.base.errors import UserError
from tickfire.base.units import decimal
from tickfire.ingest.dbn.enums import bars_rtype, counted_types
from tickfire.ingest.dbn.errors import DbnError
from tickfire.ingest.dbn.file import open_dbn
from tickfire.ingest.dbn.instruments import InstrumentTable
from tickfire.ingest.kernel import context as ctx
from tickfire.ingest.kernel.file_records import SPANS_S, FileRecords
from tickfire.ingest.kernel.merge import merge
from tickfire.ingest.kernel.parse import FeedCorrupt, Parser
from tickfire.ingest.kernel.state import InstrumentStates
from tickfire.store.schema import BAR, DAY_S, INTERVALS_S, MINUTE_S, Rows


class NoBarsError(UserError):
    """A file holds nothing of which bars of the interval can be made."""


def file_bars(
    path: str | Path, interval: str | None = None, sessions: Sessions | None = None
) -> Iterator[dict[str, Any]]:
    """Yield the bars of a DBN file, in order of time.

    They are made from its trades (action T). For instruments without trades, they are the bars that
    the file holds, or are folded from them.

    Parameters
    ----------
    path : str or Path
    interval : str, optional
        A key of `INTERVALS_S`; by default that of the file's schema, or else ``1m``.
    sessions : Sessions, optional
        Trading hours, which bound days and weeks; by default those of the file's venue.

    Yields
    ------
    dict
        symbol, instrument_id, ts (ns, the start of the bar), open, high, low and close (decimal
        strings), volume, trades and vwap (decimal string); the last two are None in bars that the
        file holds.

    Raises
    ------
    DbnError, FeedCorrupt
        If the file cannot be read to its end, after the bars of what precedes the fault.
    NoBarsError
        If there are neither trades nor bars of an interval that divides the one asked for.
    """
    file = open_dbn(path)
    interval = interval or _interval_of(file.metadata.schema)
    table = InstrumentTable(feed=0)
    table.take_metadata(file.metadata)
    states = InstrumentStates(feed=0)
    states.use_schema(file.metadata.schema)
    states.context[ctx.CTX_TRADES_ONLY] = 1
    parser = Parser(states)
    base = min(MINUTE_S, INTERVALS_S[interval])
    pieces: list[Rows] = []
    records = FileRecords(file.metadata.schema)
    fault: DbnError | FeedCorrupt | None = None
    try:
        for chunk in file.chunks():
            records.add(chunk)
            for batch in parser.feed(chunk):
                for record in batch.controls:
                    table.take_record(record)
                pieces.append(batch.bars[batch.bars["interval_s"] == base])
    except (DbnError, FeedCorrupt) as error:
        fault = error
    rest = states.close()
    pieces.append(rest[rest["interval_s"] == base])
    made = np.concatenate(pieces, dtype=BAR)
    pieces = [made, records.bars(INTERVALS_S[interval], np.unique(made["instrument_id"]))]
    starts = _Starts(table, sessions or Sessions(), file.metadata.dataset)
    whole = np.concatenate(pieces)
    bars = merge(whole, INTERVALS_S[interval], starts.of(whole, INTERVALS_S[interval]))
    for bar in bars:
        yield _row(bar, table)
    if fault is not None:
        raise fault
    if not len(bars):
        raise NoBarsError(_why_none(path, interval, records))


def _interval_of(schema: str | None) -> str:
    """Return the interval of a schema's bars, 1 m if it has none, a day for ``ohlcv-eod``."""
    span_s = SPANS_S.get(bars_rtype(schema), MINUTE_S)
    return next(name for name, s in INTERVALS_S.items() if s == span_s)


def _why_none(path: str | Path, interval: str, records: FileRecords) -> str:
    counts = dict(enumerate(records.counts.tolist()))
    if not any(counts.values()):
        return f"{path} has no trades, nor any other records."
    shortest = next((name for name, s in INTERVALS_S.items() if s == records.shortest_s), None)
    held = f"it has {counted_types(counts)}"
    if shortest is None:
        return f"{path} has neither trades nor bars; {held}."
    return (
        f"{path} has no trades, and no bars of which those of {interval} are made; {held}."
        f" Ask for bars of {shortest}."
    )


def _row(bar: np.void, table: InstrumentTable) -> dict[str, Any]:
    number, start = int(bar["instrument_id"]), int(bar["start"])
    prices = {name: decimal(int(bar[name])) for name in ("open", "high", "low", "close")}
    head = {"symbol": table.symbol(number, start), "instrument_id": number, "ts": start}
    trades = int(bar["trades"]) or None
    vwap = decimal(int(bar["vwap"])) if trades else None
    return {**head, **prices, "volume": int(bar["volume"]), "trades": trades, "vwap": vwap}


class _Starts:
    """The bars that pieces belong to, by the trading hours of their instruments."""

    def __init__(self, table: InstrumentTable, sessions: Sessions, dataset: str) -> None:
        self._table = table
        self._sessions = sessions
        self._dataset = dataset

    def of(self, pieces: Rows, interval_s: int) -> NDArray[np.int64]:
        """Return the start of the bar of an interval that each piece belongs to."""
        starts = np.empty(len(pieces), np.int64)
        for number in np.unique(pieces["instrument_id"]).tolist():
            mine = pieces["instrument_id"] == number
            times = pieces["start"][mine]
            symbol = self._table.symbol(number, int(times[0]))
            hours = self._sessions.of(self._dataset, symbol)
            # The days that a feed made itself are named already, by the days of UTC.
            own = pieces["interval_s"][mine] == DAY_S
            starts[mine] = bounds_of(interval_s, hours).starts_of(times)
            starts[np.flatnonzero(mine)[own]] = bounds_of(interval_s, ALWAYS).starts_of(times[own])
        return starts
