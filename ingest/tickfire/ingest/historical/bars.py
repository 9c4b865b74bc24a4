"""Bars of a file of history, made by the kernel as those of a live feed are."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np

from tickfire.ingest.dbn.file import open_dbn
from tickfire.ingest.dbn.instruments import InstrumentTable
from tickfire.ingest.kernel.merge import merge
from tickfire.ingest.kernel.parse import Parser
from tickfire.ingest.kernel.state import InstrumentStates
from tickfire.store.schema import BAR, Instrument, Rows


class HistoryBars(NamedTuple):
    """Bars with their instruments.

    Attributes
    ----------
    instruments : list of Instrument
    bars : BAR[n]
        By interval, and within each by start. They stand for themselves, as a feed's own bars do:
        they have neither positions nor numbers of trades.
    """

    instruments: list[Instrument]
    bars: Rows


def history_bars(path: Path, feed: int) -> HistoryBars:
    """Return the bars of a file: its own, or those of its trades.

    Parameters
    ----------
    path : Path
    feed : int
        The number of the feed to which they are to belong.

    Raises
    ------
    DbnError, FeedCorrupt
        If the file cannot be read to its end.
    """
    file = open_dbn(path)
    table = InstrumentTable(feed, file.metadata.dataset)
    table.take_metadata(file.metadata)
    states = InstrumentStates(feed=feed)
    states.use_schema(file.metadata.schema)
    parser = Parser(states)
    pieces = [np.zeros(0, BAR)]
    for chunk in file.chunks():
        for batch in parser.feed(chunk):
            pieces.append(batch.bars.copy())
            for record in batch.controls:
                table.take_record(record)
    pieces.append(states.close().copy())
    return HistoryBars(table.rows(), _whole(np.concatenate(pieces)))


def _whole(pieces: Rows) -> Rows:
    intervals = np.unique(pieces["interval_s"]).tolist()
    merged = [merge(pieces[pieces["interval_s"] == each], each) for each in intervals]
    bars: Rows = np.concatenate([np.zeros(0, BAR), *merged])
    bars["trades"], bars["n"] = 0, 0
    return bars
