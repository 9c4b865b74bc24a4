"""A lane: the subscribers of one topic who take the same bytes.

The first frame is written to everyone at once. While the loop has not come round, further frames
wait, and are then written together: the busier the loop, the longer the joined writes, and the
less a delivery costs. A *wave* is one such write to all subscribers. It goes in steps of `STEP`
subscribers, with the event loop in between, so that a large topic does not hold up everybody else.

Frames are numbered. The lane is *behind* from the first write of a wave until the loop comes round
and finds nothing waiting. Only then may subscribers differ in what they have:

- one who is sent something of its own must first be given all earlier frames (`catch_up`);
- one who subscribes gets no frame that was written before;
- one who is excluded from a frame must not get it.

All three are *ahead* of the lane: they have a number before which they need nothing.
"""

from __future__ import annotations

import asyncio

from tickfire.phoenix.core.subscriber import Subscriber

STEP = 512  # subscribers


class _Tombstone:
    """Stands in a wave for a subscriber that has left."""

    def write(self, frames: bytes) -> None:
        """Write nothing."""


_TOMBSTONE = _Tombstone()


class Lane:
    """Subscribers of one topic and one encoding; parts of the hub, used by it alone."""

    __slots__ = (
        "_changed", "_data", "_first", "_loop", "_next", "_order", "_subscribers", "_waiting",
        "_wave", "behind",
    )  # fmt: skip

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._subscribers: dict[Subscriber, None] = {}
        self._order: list[Subscriber | _Tombstone] = []
        self._changed = False  # _order is not that of _subscribers any more
        self._waiting: list[bytes] = []
        self._wave: list[bytes] = []
        self._data = b""
        self._first = 0  # number of the wave's first frame
        self._next = 0  # index in _order of the first who has not got the wave
        self.behind = False

    def __len__(self) -> int:
        return len(self._subscribers)

    # --- subscribers
    def add(self, subscriber: Subscriber) -> None:
        """Subscribe; nothing written before reaches the subscriber."""
        subscriber.lane = self
        subscriber.index = -1
        self._subscribers[subscriber] = None
        self._note_change()
        if self.behind:
            subscriber.run_ahead(self._end())

    def remove(self, subscriber: Subscriber) -> None:
        """Unsubscribe, after giving what was written before."""
        if self.behind:
            self.catch_up(subscriber)
            index = subscriber.index
            if index >= 0 and self._order[index] is subscriber:
                self._order[index] = _TOMBSTONE
        del self._subscribers[subscriber]
        self._note_change()
        subscriber.lane = None
        subscriber.stay_even()

    # --- writing
    def write(self, frames: bytes, exclude: Subscriber | None = None) -> None:
        """Write finished frames to all, but for `exclude`."""
        if exclude is not None and exclude.lane is self:
            self.catch_up(exclude)
            exclude.run_ahead(self._end() + 1)
        if self.behind:
            self._waiting.append(frames)
            return
        self.behind = True
        self._start([frames], frames)
        self._loop.call_soon(self._turn)

    def catch_up(self, subscriber: Subscriber) -> None:
        """Give a subscriber at once what it would get in its turn."""
        missing = self._missing(subscriber)
        if missing:
            subscriber.run_ahead(self._end())
            subscriber.write_missing(b"".join(missing), self._end() - len(missing))

    def withhold(self, subscriber: Subscriber, begin: int) -> int:
        """Have a subscriber skip all frames from number `begin` on that are written by now.

        `begin` is that of the wave's first frame if it is less. Returns how many are skipped.
        """
        end = self._end()
        if self.behind:
            subscriber.run_ahead(end)
        return max(0, end - max(begin, self._first))

    def rest_of_wave(self, subscriber: Subscriber) -> bytes:
        """Return what a subscriber that is ahead still needs of the wave that has come to it."""
        after = self._first + len(self._wave)
        skipped = min(subscriber.skip_to, after) - self._first
        if subscriber.skip_to <= after:
            subscriber.skip_to = -1
        return b"".join(self._wave[skipped:]) if skipped > 0 else self._data

    # --- waves
    def _start(self, wave: list[bytes], data: bytes) -> None:
        if self._changed:
            self._changed = False
            self._order = list(self._subscribers)
            for index, subscriber in enumerate(self._subscribers):
                subscriber.index = index
        self._wave, self._data, self._next = wave, data, 0
        self._step()

    def _step(self) -> None:
        begin, data = self._next, self._data
        self._next = begin + STEP
        for subscriber in self._order[begin : begin + STEP]:
            subscriber.write(data)

    def _turn(self) -> None:
        """Go on with the wave, or begin the next with all that waits, or be done."""
        if self._next < len(self._order):
            self._step()
        else:
            self._first += len(self._wave)
            if not self._waiting:
                self._rest()
                return
            wave, self._waiting = self._waiting, []
            self._start(wave, b"".join(wave))
        self._loop.call_soon(self._turn)

    def _rest(self) -> None:
        self._wave, self._data, self.behind = [], b"", False
        if self._changed:
            self._order = []

    def _note_change(self) -> None:
        self._changed = True
        if not self.behind:
            self._order = []  # keep nobody alive who has left a quiet topic

    def _end(self) -> int:
        return self._first + len(self._wave) + len(self._waiting)

    def _missing(self, subscriber: Subscriber) -> list[bytes]:
        if not self.behind:
            return []
        if subscriber.skip_to >= 0:
            had = subscriber.skip_to - self._first
        else:
            had = len(self._wave) if subscriber.index < self._next else 0
        return [*self._wave, *self._waiting][max(had, 0) :]
