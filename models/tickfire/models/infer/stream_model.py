"""What a model over ticks and bars is to `tickfire infer`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tickfire.models.artifact import SHIPPED
from tickfire.models.records import Sentiment, Signal

__all__ = ["Instruments", "Rows", "StreamModel"]

type Rows = NDArray[np.void]


@dataclass(slots=True)
class Instruments:
    """The instrument table, as models need it.

    Attributes
    ----------
    symbols : dict of (feed, instrument_id) to str
        Read anew while the process runs; the same dict stays.
    artifacts : Path
        The folder that models look for theirs in.
    """

    symbols: dict[tuple[int, int], str] = field(default_factory=dict)
    artifacts: Path = SHIPPED

    def artifact(self, name: str) -> Path:
        """Return the manifest of an artifact: the shipped one where the folder has none."""
        path = self.artifacts / f"{name}.json"
        return path if path.exists() else SHIPPED / path.name

    def symbol(self, feed: int, instrument_id: int) -> str:
        """Return an instrument's symbol; its id where the table has none."""
        return self.symbols.get((feed, instrument_id)) or str(instrument_id)

    def replace(self, symbols: Mapping[tuple[int, int], str]) -> None:
        """Take a new table."""
        self.symbols.clear()
        self.symbols.update(symbols)


class StreamModel:
    """A model over ticks and closed bars. Subclass it and override what you need.

    One object serves all shards of one epoch; at a new epoch a new one is made. It must be
    deterministic: after a restart what it had already seen is given to it again, as far as the
    streams still hold it, and its signals of that are dropped. So state comes back by itself.

    Attributes
    ----------
    name : str
        Of the model, as in `tickfire.models.registry`.
    wants_ticks, wants_bars : bool
        What it is to be given.
    instruments : Instruments
    """

    name: str = ""
    wants_ticks: bool = False
    wants_bars: bool = False

    def __init__(self, instruments: Instruments) -> None:
        self.instruments = instruments

    def on_ticks(self, shard: int, first: int, ticks: Rows) -> Sequence[Signal]:
        """Take ticks of a shard, TICK[count], read-only; the first has position `first`.

        Positions are dense but for losses. A clear (kind 4) of an instrument may be followed by
        an earlier time. Called for up to 256 ticks, in order.
        """
        return ()

    def on_bars(self, shard: int, bars: Rows) -> Sequence[Signal]:
        """Take what a shard closed, BAR[count], read-only: 1 s and 1 m, of all its instruments.

        Pieces flagged BAR_LATE change a bar that was closed before; BAR_REWIND voids those of
        its instrument and interval that start at its start or later.
        """
        return ()

    def hear(self, record: Sentiment | Signal) -> None:
        """Take what another model has said: a headline's sentiment, or a signal."""

    def reload(self, *, now: bool = False) -> bool:
        """Look for a new artifact, if it has one; return whether one was taken."""
        return False

    def metrics(self) -> Mapping[str, float]:
        """Return counters of its own, by name."""
        return {}

    def signal(self, event: str, symbol: str, at: int, detail: dict[str, Any], n: int) -> Signal:
        """Return a signal in this model's name."""
        return Signal(event, symbol, at, detail, self.name, n)
