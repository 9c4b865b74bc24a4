"""`join_epochs`: the bars in which one epoch of a feed ends and the next begins. Blocking.

Each epoch has its own part of such a bar, unless ingest ran on while Redis lost its data: then its
bars ran on, too, and the later epoch has the whole one. If the feed went back in time, as a replay
does, the later epoch has all that counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from tickfire.base.units import NS_PER_S
from tickfire.store.schema import TICK_TRADE, Rows

if TYPE_CHECKING:
    from tickfire.archive.files import DataFile
    from tickfire.archive.reading import ArchiveReader

MAX_FILES: Final = 8
"""Files of ticks at an end of an epoch in which the trades of one bar are looked for."""
MAX_TRADES: Final = 100_000


def join_epochs(
    reader: ArchiveReader, files: Sequence[DataFile], feed: int, epochs: dict[str, Rows]
) -> None:
    """Move the pieces of bars that two epochs share to the later one.

    Parameters
    ----------
    reader : ArchiveReader
    files : sequence of DataFile
        Those of the ticks of a symbol.
    feed : int
    epochs : dict of str to BAR[n]
        The pieces of each epoch (hex), the oldest first.
    """
    for before, after in pairwise(epochs):
        moved = np.zeros(len(epochs[before]), bool)
        for shared, start, end in _shared(epochs[before], epochs[after]):
            number = int(epochs[before]["instrument_id"][shared][0])
            left = _trades(reader, files, (feed, before), number, (start, end), newest=True)
            came = _trades(reader, files, (feed, after), number, (start, end), newest=False)
            if len(left) and len(came) and left.max() <= came.min():
                moved |= shared
        if moved.any() and not _runs_on(reader, files, feed, before):
            epochs[after] = np.concatenate([epochs[before][moved], epochs[after]])
            epochs[before] = epochs[before][~moved]


def _shared(before: Rows, after: Rows) -> Iterator[tuple[NDArray[np.bool_], int, int]]:
    """Yield the pieces of each last bar that is a first one, too, with its begin and end (ns)."""
    keys = np.unique(before[["instrument_id", "interval_s"]])
    for number, interval_s in keys.tolist():
        own, others = (
            (rows["instrument_id"] == number) & (rows["interval_s"] == interval_s)
            for rows in (before, after)
        )
        if others.any() and before["start"][own].max() == after["start"][others].min():
            start = int(after["start"][others].min())
            yield own & (before["start"] == start), start, start + interval_s * NS_PER_S


def _trades(
    reader: ArchiveReader,
    files: Sequence[DataFile],
    epoch: tuple[int, str],
    number: int,
    span: tuple[int, int],
    *,
    newest: bool,
) -> NDArray[np.int64]:
    """Return the times (ns) of an instrument's trades in a span, at one end of an epoch."""
    times = [np.zeros(0, np.int64)]
    for source in reader.epochs(files):
        if source.stream is None or (source.stream.feed, source.epoch) != epoch:
            continue
        own = sorted((f for f in files if f.about.source == source), key=lambda f: f.about.first)
        chosen = own[-MAX_FILES:] if newest else own[:MAX_FILES]
        ticks, _, _ = reader.ticks(chosen, source, 0, *span, MAX_TRADES, kind=TICK_TRADE)
        times.append(ticks["ts_event"][ticks["instrument_id"] == number])
    return np.concatenate(times)


def _runs_on(reader: ArchiveReader, files: Sequence[DataFile], feed: int, epoch: str) -> bool:
    """Return whether ingest ran on when an epoch ended."""
    sources = (file.about.source for file in files)
    streams = {one.stream for one in sources if one.epoch == epoch and one.stream is not None}
    return any(reader.log.told_end(one, epoch) is not None for one in streams if one.feed == feed)
