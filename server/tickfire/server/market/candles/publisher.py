"""`CandlePublisher`: ``candle`` and ``reset`` events for the topics that have subscribers.

Updates of running bars are conflated to `FLUSHES_PER_S`: the first is sent at once, and those that
follow within the interval are sent as one at its end. Every close is sent.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tickfire.phoenix import Hub
from tickfire.server.market.candles import tracks
from tickfire.server.market.candles.candles import Candles, Change
from tickfire.server.market.candles.json import bar_as_json, bars_as_json
from tickfire.server.market.candles.series import NONE, START, Bar, Bars
from tickfire.server.market.candles.sources import sources_of
from tickfire.server.market.candles.tracks import Track
from tickfire.store.schema import BAR_LATE, INTERVALS_S

FLUSHES_PER_S: Final = 20
DEFAULT_LIMIT: Final = 500
REMEMBERED_CLOSES: Final = 8
MANY_BARS: Final = 64
"""Bars of history, filled in at once, beyond which the topics of their instruments are reset and
not told of each bar."""


@dataclass(slots=True, eq=False)
class CandleTopic:
    """A candle topic that has subscribers, and what was sent to them.

    Attributes
    ----------
    name : str
        The topic.
    symbol, interval : str
    slot : int or None
        The slot of the instrument that the symbol names now, None if there is none.
    track : Track
        The instruments that the symbol stood for, in order of time.
    closed_to : int
        The start of the newest bar that was closed by feed time.
    sent : Bar or None
        The running bar as it was last sent.
    closes : dict of int to Bar
        The latest closed bars as they were sent, by start.
    """

    name: str
    symbol: str
    interval: str
    slot: int | None = None
    track: Track = ()
    closed_to: int = NONE
    sent: Bar | None = None
    closes: dict[int, Bar] = field(default_factory=dict)

    @property
    def interval_s(self) -> int:
        """Length of the interval, in seconds."""
        return INTERVALS_S[self.interval]

    def forget_sent(self) -> None:
        """Forget what was sent."""
        self.closed_to, self.sent = NONE, None
        self.closes.clear()


class CandlePublisher:
    """Publisher of the changes in one epoch's candles.

    Parameters
    ----------
    hub : Hub
    candles : Candles
    id_at : callable
        Called with a slot; returns the id of the newest tick that its candles include.
    has_older : callable
        Called with a track, an interval and bars; returns whether there are older bars.
    """

    def __init__(
        self,
        hub: Hub,
        candles: Candles,
        id_at: Callable[[int], str],
        has_older: Callable[[Track, int, Bars], bool],
    ) -> None:
        self.candles = candles
        self._has_older = has_older
        self._hub = hub
        self._id_at = id_at
        self._topics: dict[int, list[CandleTopic]] = {}
        self._dirty: dict[CandleTopic, None] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._flushed_at = float("-inf")

    def close(self) -> None:
        """Cancel the timer."""
        if self._timer is not None:
            self._timer.cancel()

    def use_topics(self, topics: list[CandleTopic]) -> None:
        """Set the topics that have subscribers, whose slots are known."""
        self._topics = {}
        for topic in topics:
            if topic.slot is not None:
                self._topics.setdefault(topic.slot, []).append(topic)

    def has(self, slot: int) -> bool:
        """Return whether the candles of an instrument have subscribers."""
        return slot in self._topics

    # --- changes
    def traded(self, slot: int) -> None:
        """Note that an instrument was traded, which changes its running bars."""
        for topic in self._topics.get(slot, ()):
            self._dirty[topic] = None

    def take(self, pieces: NDArray[np.void]) -> None:
        """Take BAR[] pieces into the candles, and send the closed bars that they change.

        To be called after each fold of ticks, even if it closed no bar.
        """
        if len(pieces) or self.candles.has_idle:
            change = self.candles.take(pieces)
            if self._topics:
                self._send_change(change, _is_history(pieces))

    def _send_change(self, change: Change, is_history: bool) -> None:
        counts = Counter(slot for slot, _, _ in change.bars if is_history)
        many = {slot for slot, count in counts.items() if count > MANY_BARS}
        for slot in change.resets | many:
            for topic in self._topics.get(slot, ()):
                self.reset(topic)
        for slot, interval_s, start in change.bars:
            if slot in many:
                continue
            for topic in self._topics.get(slot, ()):
                if interval_s in sources_of(topic.interval_s):
                    self._piece_closed(topic, slot, interval_s, start)

    def _piece_closed(self, topic: CandleTopic, slot: int, interval_s: int, start: int) -> None:
        begin = self.candles.start_of(slot, topic.interval_s, interval_s, start)
        if begin < self.candles.latest(slot, topic.interval_s) or begin <= topic.closed_to:
            self._send(topic, slot, begin, closed=True)
        else:
            self._dirty[topic] = None

    def closed_by_time(self, slot: int, interval_s: int, start: int) -> None:
        """Send a bar as closed, because feed time has passed its end."""
        for topic in self._topics.get(slot, ()):
            if interval_s not in sources_of(topic.interval_s):
                continue
            if self.candles.ends_with(slot, topic.interval_s, interval_s, start):
                begin = self.candles.start_of(slot, topic.interval_s, interval_s, start)
                topic.closed_to = max(topic.closed_to, begin)
                self._send(topic, slot, begin, closed=True)

    def reset(self, topic: CandleTopic) -> None:
        """Send the history again, to replace what clients have."""
        topic.forget_sent()
        self._dirty.pop(topic, None)
        payload: dict[str, Any] = {"candles": [], "more": False, "id": None}
        if topic.track:
            bars = tracks.history(self.candles, topic.track, topic.interval_s, DEFAULT_LIMIT)
            payload = {
                "candles": bars_as_json(bars),
                "more": self._has_older(topic.track, topic.interval_s, bars),
                "id": self._id_at(topic.track[-1].slot),
            }
        self._hub.local_broadcast(topic.name, "reset", payload)

    # --- running bars
    def flush(self) -> None:
        """Send the running bars that changed, now or at the end of the interval."""
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
            latest = self.candles.latest(slot, topic.interval_s)
            running = self.candles.running(slot, topic.interval_s)
            begin = latest  # no bar runs where a feed makes its own
            if running is not None:
                source_s = sources_of(topic.interval_s)[0]
                begin = self.candles.start_of(slot, topic.interval_s, source_s, running[START])
            self._send(topic, slot, begin, closed=begin < latest or begin <= topic.closed_to)

    def _send(self, topic: CandleTopic, slot: int, start: int, *, closed: bool) -> None:
        bounds = self.candles.bounds(slot, topic.interval_s)
        since = topic.track[-1].start if topic.track else 0
        if since and start < bounds.start_of(since):
            return  # a bar of the instrument under an earlier symbol
        bar = self.candles.bar(slot, topic.interval_s, start)
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
            "id": self._id_at(slot),
        }
        self._hub.local_broadcast(topic.name, "candle", payload)


def _is_history(pieces: NDArray[np.void]) -> bool:
    """Return whether BAR[] pieces are bars of a feed that fill in the past."""
    filled_in = (pieces["trades"] == 0) & (pieces["flags"] & BAR_LATE != 0)
    return int(np.count_nonzero(filled_in)) > MANY_BARS
