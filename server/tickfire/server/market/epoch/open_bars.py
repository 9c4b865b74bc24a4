"""`bars_of`: the bars of an archive, with those that ended epochs left open. Blocking.

When an epoch ends, its running bars are in no stream of bars. They are folded from its last ticks.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import numpy as np

from tickfire.archive.names import Source, day_of
from tickfire.ingest.kernel.state import InstrumentStates
from tickfire.server.market.epoch.shared_bars import join_epochs
from tickfire.store.schema import BAR, BAR_LATE, MINUTE_S, TICK_TRADE, Rows

if TYPE_CHECKING:
    from tickfire.archive.files import DataFile, SymbolFiles
    from tickfire.archive.reading import ArchiveReader, EpochBars

OPEN_S: Final = (1, MINUTE_S)
"""Intervals of the bars that are folded from ticks."""
MAX_TRADES: Final = 100_000
"""Trades after the last bar of an epoch beyond which they are not those of open bars: bars were not
recorded."""
MAX_FILES: Final = 8
"""Files with later ticks beyond which a range of time does not reach to the end of an epoch."""
NO_BARS: Final = np.zeros(0, BAR)


def bars_of(
    reader: ArchiveReader,
    own: tuple[SymbolFiles, SymbolFiles],
    feed: int,
    intervals_s: Sequence[int],
    begin: int,
    end: int,
    without: str | None = None,
) -> list[Rows]:
    """Return the pieces of bars of a symbol that start in a range of time, epoch by epoch.

    Those of a bar in which one epoch ends and the next begins are all with the later epoch.

    Parameters
    ----------
    reader : ArchiveReader
    own : pair of SymbolFiles
        Those of the symbol's bars, and of its ticks.
    feed : int
    intervals_s : sequence of int
        In seconds.
    begin, end : int
        In ns since the Unix epoch; `end` is exclusive.
    without : str, optional
        An epoch (hex) that is left out.

    Returns
    -------
    list of BAR[n]
        One for each epoch that has any, the oldest first.
    """
    bar_files, tick_files = own
    between = tick_files.between(day_of(begin), day_of(end))
    files = [file for file in between if file.about.source.epoch != without]
    closed = reader.bars(bar_files, feed, intervals_s, begin, end, files)
    closed.pop(without or "", None)
    found = {epoch: [bars.rows] for epoch, bars in closed.items()}
    for source in reader.epochs(files):
        if source.stream is not None and source.stream.feed == feed:
            for interval_s in set(intervals_s).intersection(OPEN_S):
                bars = closed[source.epoch]
                opened = _open_bars(reader, files, source, bars, interval_s, begin, end)
                found[source.epoch].append(opened)
    whole = {epoch: np.concatenate(rows) for epoch, rows in found.items()}
    join_epochs(reader, files, feed, whole)
    return [rows for rows in whole.values() if len(rows)]


def _open_bars(
    reader: ArchiveReader,
    files: Sequence[DataFile],
    source: Source,
    closed: EpochBars,
    interval_s: int,
    begin: int,
    end: int,
) -> Rows:
    """Return the bars that are folded from the ticks of a source after its last bar."""
    assert source.stream is not None
    after, start = 0, -1
    rows = closed.rows[closed.shards == source.stream.shard]
    rows = rows[(rows["interval_s"] == interval_s) & (rows["flags"] & BAR_LATE == 0)]
    if len(rows):
        last = rows[np.argmax(rows["n"])]
        after, start = int(last["n"]), int(last["start"])
    last_files = [f for f in files if f.about.source == source and f.about.last[0] > after]
    if not 0 < len(last_files) <= MAX_FILES:
        return NO_BARS
    ticks, positions, reached = reader.ticks(
        last_files, source, after, begin, end, MAX_TRADES, kind=TICK_TRADE
    )
    if not len(ticks) or reached is not None:
        return NO_BARS
    states = InstrumentStates(feed=source.stream.feed)
    pieces = np.concatenate([states.fold(ticks, int(positions[0])), states.close()])
    opened: Rows = pieces[(pieces["interval_s"] == interval_s) & (pieces["start"] > start)]
    return opened
