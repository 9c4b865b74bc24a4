"""Base class of models over ticks and bars."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tickfire.models.infer.instruments import Instruments
from tickfire.models.records import Sentiment, Signal
from tickfire.store.schema import Rows


class StreamModel:
    """Model over ticks and closed bars, to be subclassed.

    One object serves all shards of a feed during an epoch; a new epoch gets a new object. A model
    must be deterministic: after a restart it is given again what it had seen, as far as the streams
    still hold it, and its signals about that are dropped. So it recovers its state by itself.

    Attributes
    ----------
    name : str
        Name of the model, as in `tickfire.models.registry`.
    wants_ticks, wants_bars : bool
        True if the model takes ticks, and True if it takes closed bars.
    instruments : Instruments
        The instrument table.
    origin : str or None
        The origin of the ticks, one of `tickfire.store.schema.ORIGINS`; None if it is not known.
    """

    name: str = ""
    wants_ticks: bool = False
    wants_bars: bool = False

    def __init__(self, instruments: Instruments) -> None:
        self.instruments = instruments
        self.origin: str | None = None

    def on_ticks(self, shard: int, first: int, ticks: Rows) -> Sequence[Signal]:
        """Take ticks of a shard and return the signals about them.

        Parameters
        ----------
        shard : int
        first : int
            Position of the first tick.
        ticks : TICK[count]
            Read-only; up to 256, in order. Positions have no holes but where entries were lost.
            After a clear (kind 4) of an instrument, time may go back.
        """
        return ()

    def on_bars(self, shard: int, bars: Rows) -> Sequence[Signal]:
        """Take bars that a shard has closed and return the signals about them.

        Parameters
        ----------
        shard : int
        bars : BAR[count]
            Read-only; bars of 1 s and 1 m of all instruments of the shard. A piece flagged BAR_LATE
            changes a bar that was closed before; one flagged BAR_REWIND voids the bars of its
            instrument and interval from its start on.
        """
        return ()

    def hear(self, record: Sentiment | Signal) -> None:
        """Take the output of another model: the sentiment of a headline, or a signal."""

    def reload(self, *, now: bool = False) -> bool:
        """Reload the model's artifact if it has changed; return whether it was replaced."""
        return False

    def metrics(self) -> Mapping[str, float]:
        """Return the model's own counters, by name."""
        return {}

    def signal(
        self, event: str, symbol: str, at: int, detail: dict[str, Any], position: int
    ) -> Signal:
        """Return a signal of this model; for the parameters see `Signal`."""
        return Signal(event, symbol, at, detail, self.name, position)
