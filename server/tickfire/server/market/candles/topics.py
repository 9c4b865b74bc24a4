"""`CandleTopics`: the candle topics that have subscribers."""

from __future__ import annotations

from typing import Protocol

from tickfire.base.shared import Shared
from tickfire.server.market.candles.publisher import CandlePublisher, CandleTopic
from tickfire.server.market.candles.tracks import Track


class CandleSource(Protocol):
    """The market, as candle topics see it."""

    @property
    def publisher(self) -> CandlePublisher:
        """Publisher of the candles."""

    def slot_of(self, symbol: str) -> int | None:
        """Return the slot of the instrument that a symbol names now."""

    def track_of(self, symbol: str) -> Track:
        """Return the instruments that a symbol stood for, in order of time."""

    def id_at(self, slot: int) -> str:
        """Return the id of the newest tick that the candles of a slot include."""

    def use_topics(self, topics: list[CandleTopic]) -> None:
        """Set the candle topics that have subscribers."""

    def listen(self, symbol: str) -> None:
        """Count a subscriber of the topics of one instrument."""

    def unlisten(self, symbol: str) -> None:
        """Undo `listen`."""


class CandleTopics:
    """All candle topics of a worker.

    Attributes
    ----------
    source : CandleSource or None
        The market; None before it is there.
    """

    def __init__(self) -> None:
        self.source: CandleSource | None = None
        self._topics = Shared[str, CandleTopic]()

    def __len__(self) -> int:
        return len(self._topics)

    def count(self) -> int:
        """Return the number of subscribers of all topics."""
        return sum(map(self._topics.holders, self._topics))

    # --- subscribers
    def hold(self, name: str, symbol: str, interval: str) -> None:
        """Count a subscriber of a topic."""
        new = name not in self._topics
        self._topics.hold(name, lambda: CandleTopic(name, symbol, interval))
        if new and self.source is not None:
            self.source.listen(symbol)
            self.source.use_topics(list(self._topics.values()))

    def release(self, name: str) -> None:
        """Undo `hold`."""
        topic = self._topics.release(name)
        if topic is not None and self.source is not None:
            self.source.unlisten(topic.symbol)
            self.source.use_topics(list(self._topics.values()))
