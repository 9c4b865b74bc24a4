"""Lanes: the subscribers of one topic that receive the same bytes.

The first frame is written to all subscribers at once. Frames that follow within the same turn of
the event loop are queued, and written together in the next turn: the busier the loop, the larger
the joined writes, and the cheaper each delivery. A *wave* is one such write to all subscribers. It
proceeds in steps of `STEP` subscribers, with a turn of the event loop after each, so that a large
topic does not delay everything else.

Frames are numbered. The lane is *behind* from the first write of a wave until a turn of the loop
finds no queued frames. Only during this time may subscribers have received different frames:

- a subscriber that is sent frames of its own must first receive all earlier frames (`catch_up`);
- a new subscriber receives no frame that was written before it subscribed;
- a subscriber that is excluded from a frame must not receive it.

In all three cases the subscriber is *ahead* of the lane: it needs no frame before a certain number.
"""

from __future__ import annotations

import asyncio

from tickfire.phoenix.core.subscriber import Subscriber

STEP = 512  # subscribers


class _Tombstone:
    """Placeholder in a wave for a subscriber that has left."""

    def write(self, frames: bytes) -> None:
        """Write nothing."""


_TOMBSTONE = _Tombstone()


class Lane:
    """Subscribers of one topic and one encoding; used by the hub alone."""

    __slots__ = (
        "_changed", "_data", "_first", "_loop", "_next", "_order", "_subscribers", "_waiting",
        "_wave", "behind", "written",
    )  # fmt: skip

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._subscribers: dict[Subscriber, None] = {}
        self._order: list[Subscriber | _Tombstone] = []
        self._changed = False  # _order no longer matches _subscribers
        self._waiting: list[bytes] = []
        self._wave: list[bytes] = []
        self._data = b""
        self._first = 0  # number of the wave's first frame
        self._next = 0  # index in _order of the first subscriber that lacks the wave
        self.behind = False
        self.written = 0
        """Bytes of all frames so far."""

    def __len__(self) -> int:
        return len(self._subscribers)

    # --- subscribers
    def add(self, subscriber: Subscriber) -> None:
        """Add a subscriber; frames written earlier do not reach it."""
        subscriber.enter(self)
        subscriber.index = -1
        self._subscribers[subscriber] = None
        self._note_change()
        if self.behind:
            subscriber.run_ahead(self._end())

    def remove(self, subscriber: Subscriber) -> None:
        """Remove a subscriber, after sending it the frames written so far."""
        if self.behind:
            self.catch_up(subscriber)
            index = subscriber.index
            if index >= 0 and self._order[index] is subscriber:
                self._order[index] = _TOMBSTONE
        del self._subscribers[subscriber]
        self._note_change()
        subscriber.leave()
        subscriber.stay_even()

    # --- writing
    def write(self, frames: bytes, exclude: Subscriber | None = None) -> None:
        """Write finished frames to all subscribers except `exclude`."""
        self.written += len(frames)
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
        """Write all outstanding frames to a subscriber immediately, before its turn in the wave."""
        missing = self._missing(subscriber)
        if missing:
            subscriber.run_ahead(self._end())
            subscriber.write_missing(b"".join(missing), self._end() - len(missing))

    def withhold(self, subscriber: Subscriber, begin: int) -> int:
        """Let a subscriber skip all frames from number `begin` that have been written so far.

        Parameters
        ----------
        subscriber
            A subscriber of this lane.
        begin
            Number of the first skipped frame; raised to that of the wave's first frame if less.

        Returns
        -------
        int
            Number of skipped frames.
        """
        end = self._end()
        if self.behind:
            subscriber.run_ahead(end)
        return max(0, end - max(begin, self._first))

    def rest_of_wave(self, subscriber: Subscriber) -> bytes:
        """Return the part of the current wave that a subscriber that is ahead still needs."""
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
        """Continue the wave, start the next one with all queued frames, or finish."""
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
            self._order = []  # hold no reference to subscribers that have left a quiet topic

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
