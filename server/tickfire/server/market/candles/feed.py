"""`CandleFeed`: ``candle`` and ``reset`` events of the topics that have subscribers.

Updates of running bars are merged to FLUSHES_PER_S a topic: the first goes at once, what follows
within the interval goes together at its end. A close is never merged away.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from tickfire.kernels.bars import SECOND_NS
from tickfire.phoenix import Hub
from tickfire.server.market.candles.candles import DERIVED, Candles, Change
from tickfire.server.market.candles.json import bar_as_json, bars_as_json
from tickfire.store.schema import INTERVALS_S, MINUTE_S

FLUSHES_PER_S: Final = 20
DEFAULT_LIMIT: Final = 500
REMEMBERED_CLOSES: Final = 8


@dataclass(slots=True, eq=False)
class CandleTopic:
    """One topic with subscribers.

    Attributes
    ----------
    slot : int or None
        Of the instrument that the symbol names now.
    """

    name: str
    symbol: str
    interval: str
    slot: int | None
    subscribers: int = 0
    closed_to: int = -1
    """The start of the newest bar that feed time closed."""
    sent: tuple[int, ...] | None = None
    """The running bar as it was last sent."""
    closes: dict[int, tuple[int, ...]] = field(default_factory=dict)
    """The latest closed bars as they were sent."""

    @property
    def interval_s(self) -> int:
        """Seconds."""
        return INTERVALS_S[self.interval]


class CandleFeed:
    """Publishes what changes in the candles of one data set.

    Parameters
    ----------
    hub : Hub
    candles : Candles
    place_of : callable
        Slot to the id of the position that its candles include.
    """

    def __init__(self, hub: Hub, candles: Candles, place_of: Callable[[int], str]) -> None:
        self._hub = hub
        self._candles = candles
        self._place_of = place_of
        self._topics: dict[int, list[CandleTopic]] = {}
        self._dirty: dict[CandleTopic, None] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._flushed_at = float("-inf")

    def close(self) -> None:
        """Stop the timer."""
        if self._timer is not None:
            self._timer.cancel()

    def use_topics(self, topics: list[CandleTopic]) -> None:
        """Take the topics that have subscribers, with the slots that their symbols name now."""
        self._topics = {}
        for topic in topics:
            if topic.slot is not None:
                self._topics.setdefault(topic.slot, []).append(topic)

    def has(self, slot: int) -> bool:
        """Whether someone subscribes to candles of an instrument."""
        return slot in self._topics

    # --- what happened
    def traded(self, slot: int) -> None:
        """Note that an instrument was traded: its running bars changed."""
        for topic in self._topics.get(slot, ()):
            self._dirty[topic] = None

    def changed(self, change: Change) -> None:
        """Send closed bars that changed, or all anew where time went back."""
        if not self._topics:
            return
        for slot in change.resets:
            for topic in self._topics.get(slot, ()):
                self.reset(topic)
        for slot, interval_s, start in change.bars:
            for topic in self._topics.get(slot, ()):
                if topic.interval_s == interval_s or (
                    interval_s == MINUTE_S and topic.interval_s in DERIVED
                ):
                    self._piece_closed(topic, slot, start)

    def _piece_closed(self, topic: CandleTopic, slot: int, start: int) -> None:
        begin = start - start % (topic.interval_s * SECOND_NS)
        if begin < self._candles.latest(slot, topic.interval_s) or begin <= topic.closed_to:
            self._send(topic, slot, begin, closed=True)
        else:
            self._dirty[topic] = None

    def closed_by_time(self, slot: int, interval_s: int, start: int) -> None:
        """Send a bar as closed: feed time ended it, and no trade is to follow in it."""
        for topic in self._topics.get(slot, ()):
            length = topic.interval_s * SECOND_NS
            begin = start - start % length
            ends = start + interval_s * SECOND_NS == begin + length
            derived = interval_s == MINUTE_S and topic.interval_s in DERIVED and ends
            if topic.interval_s == interval_s or derived:
                topic.closed_to = max(topic.closed_to, begin)
                self._send(topic, slot, begin, closed=True)

    def reset(self, topic: CandleTopic) -> None:
        """Send the history anew."""
        topic.closed_to, topic.sent = -1, None
        topic.closes.clear()
        self._dirty.pop(topic, None)
        payload: dict[str, Any] = {"candles": [], "id": None}
        if topic.slot is not None:
            bars = self._candles.history(topic.slot, topic.interval_s, DEFAULT_LIMIT)
            payload = {"candles": bars_as_json(bars), "id": self._place_of(topic.slot)}
        self._hub.local_broadcast(topic.name, "reset", payload)

    # --- running bars
    def flush(self) -> None:
        """Send running bars that changed, or have the timer do it when it is time."""
        if not self._dirty or self._timer is not None:
            return
        loop = asyncio.get_running_loop()
        due = self._flushed_at + 1 / FLUSHES_PER_S
        if loop.time() >= due:
            self._send_dirty(loop.time())
        else:
            self._timer = loop.call_at(due, self._on_time)

    def _on_time(self) -> None:
        self._timer = None
        self._send_dirty(asyncio.get_running_loop().time())

    def _send_dirty(self, now: float) -> None:
        self._flushed_at = now
        dirty, self._dirty = self._dirty, {}
        for topic in dirty:
            slot = topic.slot
            if slot is None:
                continue
            latest = self._candles.latest(slot, topic.interval_s)
            running = self._candles.running(slot, topic.interval_s)
            begin = latest  # of bars that a feed makes itself nothing runs
            if running is not None:
                begin = running[0] - running[0] % (topic.interval_s * SECOND_NS)
            self._send(topic, slot, begin, closed=begin < latest or begin <= topic.closed_to)

    def _send(self, topic: CandleTopic, slot: int, start: int, *, closed: bool) -> None:
        bar = self._candles.bar(slot, topic.interval_s, start)
        if bar is None or (topic.closes.get(start) if closed else topic.sent) == bar:
            return
        if closed:
            topic.closes[start] = bar
            while len(topic.closes) > REMEMBERED_CLOSES:
                del topic.closes[next(iter(topic.closes))]
        else:
            topic.sent = bar
        payload = {
            "symbol": topic.symbol,
            "interval": topic.interval,
            **bar_as_json(bar),
            "closed": closed,
            "id": self._place_of(slot),
        }
        self._hub.local_broadcast(topic.name, "candle", payload)
