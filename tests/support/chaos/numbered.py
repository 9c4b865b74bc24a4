"""A model whose signals are numbered, so that a missing or repeated one is seen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tickfire.base.units import PRICE_SCALE
from tickfire.models.infer.stream_model import StreamModel
from tickfire.models.records import Signal
from tickfire.store.schema import TICK_TRADE, Rows

EVERY: Final = 10
MODEL: Final = f"{__name__}:NumberedModel"


class NumberedModel(StreamModel):
    """Model that signals each tenth trade of a feed whose prices are the numbers of its trades."""

    name = "numbered/1"
    wants_ticks = True

    def on_ticks(self, shard: int, first: int, ticks: Rows) -> Sequence[Signal]:
        """Return a signal for each tenth trade."""
        found = []
        for index, tick in enumerate(ticks):
            number, rest = divmod(int(tick["price"]) // PRICE_SCALE, EVERY)
            if tick["kind"] == TICK_TRADE and not rest:
                at = int(tick["ts_event"])
                symbol = self.instruments.symbol(int(tick["feed"]), int(tick["instrument_id"]), at)
                found.append(self.signal("signal", symbol, at, {"number": number}, first + index))
        return found
