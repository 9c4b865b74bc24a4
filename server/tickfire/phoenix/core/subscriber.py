"""Subscribers: the hub's view of one channel of one connection.

The hub calls `Subscriber.write`. It is not a method but a slot that always holds the function for
the subscriber's current state, so that the fan-out loop needs no checks:

=========== ======================================= ==========================================
state       entered when                            `write` is
=========== ======================================= ==========================================
held        the join is running                     append to the frames after the join reply
live        the join is done                        the transport's own write
congested   above the high-water mark               call on_overflow, or write up to the limit
gone        the channel has ended                   drop the frames
=========== ======================================= ==========================================

In any of these states, a subscriber may also be *ahead*: it has already received, or must not
receive, some frames that its lane has yet to write to others (see lane.py). The lane then leaves
them out.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Protocol

DEFAULT_WRITE_LIMIT = 8 << 20  # bytes

logger = logging.getLogger(__name__)


class Sink(Protocol):
    """The connection that a subscriber's frames are written to."""

    write: Callable[[bytes], None]

    def buffered(self) -> int:
        """Return the number of bytes waiting to be sent."""

    def abort(self) -> None:
        """Drop the connection without a close frame."""


class Source(Protocol):
    """The part of a lane that its subscribers use."""

    written: int
    """Bytes of all frames so far."""
    behind: bool
    """True if some subscribers may have received frames that others have not."""

    def catch_up(self, subscriber: Subscriber) -> None:
        """Write all outstanding frames to a subscriber immediately, before its turn in the wave."""

    def withhold(self, subscriber: Subscriber, begin: int) -> int:
        """Let a subscriber skip frames from number `begin`; return the number of skipped frames."""

    def rest_of_wave(self, subscriber: Subscriber) -> bytes:
        """Return the part of the current wave that a subscriber still needs."""


class HubStats:
    """Counters of one hub, which only grow, and the number of its sessions."""

    __slots__ = ("aborted", "broadcasts", "opened", "overflowed", "sessions", "stalled")

    def __init__(self) -> None:
        self.aborted = 0
        """Subscribers whose connection was dropped because it exceeded the write limit."""
        self.broadcasts = 0
        """Writes to a lane."""
        self.opened = 0
        """Clients that have connected."""
        self.overflowed = 0
        """Calls of a congested subscriber's `on_overflow` in place of a write."""
        self.sessions = 0
        """Clients that are connected now, by any transport."""
        self.stalled = 0
        """Connections that were closed because their client read nothing for the send timeout."""

    def open(self) -> int:
        """Count a client that connects; return its number, from 1."""
        self.sessions += 1
        self.opened += 1
        return self.opened


class _Own(bytes):
    """A held frame that was sent to this subscriber alone, not by the hub."""


def _drop(frames: bytes) -> None:
    """Drop the frames of a subscriber that is gone."""


class Subscriber:
    """One channel's outlet in the hub.

    Parameters
    ----------
    sink
        The connection of the channel.
    stats
        The hub's counters.
    write_limit : bytes
        A congested connection without `on_overflow` is dropped when more than this is waiting to
        be sent.
    """

    __slots__ = (
        "_begin", "_congested", "_held", "_sent", "_sink", "_stats", "_write_limit",
        "gone", "index", "lane", "on_overflow", "skip_to", "write",
    )  # fmt: skip

    def __init__(self, sink: Sink, stats: HubStats, write_limit: int = DEFAULT_WRITE_LIMIT) -> None:
        self._sink = sink
        self._stats = stats
        self._write_limit = write_limit
        held: list[bytes] = []
        self._held: list[bytes] | None = held
        self._begin = -1  # number of the first frame being written; -1 for the first of the wave
        self._congested = False
        self._sent = 0  # less what its lane had written before
        self.gone = False
        self.lane: Source | None = None
        self.index = 0
        self.skip_to = -1
        self.on_overflow: Callable[[int], None] | None = None
        self.write: Callable[[bytes], None] = held.append

    @property
    def sent(self) -> int:
        """Bytes that were sent to it, and those of its lane that it did not get, being slow."""
        return self._sent if self.lane is None else self._sent + self.lane.written

    # --- frames of its own
    def send(self, frames: bytes) -> None:
        """Send frames to this subscriber alone, after all frames of its lane written so far."""
        self._sent += len(frames)
        if self.lane is not None and self.lane.behind:
            self.lane.catch_up(self)
        if self._held is not None:
            self._held.append(_Own(frames))
        elif self._congested:
            if not self.gone:
                self._write_within_limit(frames)
        elif not self.gone:
            self._sink.write(frames)

    # --- states
    def release(self, first: bytes) -> None:
        """End the held state: send `first`, then all held frames."""
        held, self._held = self._held or [], None
        self._sent += len(first)
        self._settle()
        if not self.gone:
            self._write_within_limit(b"".join((first, *held)))

    def forget_held(self) -> None:
        """Drop the held frames of the lane, but keep those sent to this subscriber alone."""
        if self._held:
            self._held[:] = [frames for frames in self._held if isinstance(frames, _Own)]

    def set_congested(self, congested: bool) -> None:
        """Record whether the transport is congested.

        It is from passing its high-water mark until it drains below its low-water mark.
        """
        self._congested = congested
        self._settle()

    def end(self) -> None:
        """Stop writing for good."""
        self.gone = True
        self._held = None
        self.stay_even()

    # --- for the lane
    def enter(self, lane: Source) -> None:
        """Begin to receive the frames of a lane."""
        self.lane = lane
        self._sent -= lane.written

    def leave(self) -> None:
        """Receive the frames of the lane no longer."""
        if self.lane is not None:
            self._sent += self.lane.written
        self.lane = None

    def run_ahead(self, skip_to: int) -> None:
        """Record that this subscriber needs no frame before number `skip_to` from its lane."""
        self.skip_to = skip_to
        self.write = self._write_ahead

    def stay_even(self) -> None:
        """Record that this subscriber needs every frame from now on."""
        self.skip_to = -1
        self._settle()

    def write_missing(self, frames: bytes, begin: int) -> None:
        """Write frames of the lane out of turn; `begin` is the number of the first."""
        self._begin = begin
        self._normal_write()(frames)
        self._begin = -1

    def _write_ahead(self, frames: bytes) -> None:
        lane, begin = self.lane, self.skip_to
        missing = frames if lane is None else lane.rest_of_wave(self)
        if self.skip_to < 0:
            self._settle()
        if missing:
            self.write_missing(missing, begin)

    def _settle(self) -> None:
        if self.skip_to < 0:
            self.write = self._normal_write()

    def _normal_write(self) -> Callable[[bytes], None]:
        if self.gone:
            return _drop
        if self._held is not None:
            return self._held.append
        return self._write_congested if self._congested else self._sink.write

    def _write_congested(self, frames: bytes) -> None:
        if self.on_overflow is not None:
            self._stats.overflowed += 1
            missed = 1 if self.lane is None else self.lane.withhold(self, self._begin)
            try:
                self.on_overflow(missed)
            except Exception:
                logger.exception("an on_overflow callback failed")
        else:
            self._write_within_limit(frames)

    def _write_within_limit(self, frames: bytes) -> None:
        """Write frames, or drop the connection if more than the write limit waits already."""
        if self._congested and self._sink.buffered() > self._write_limit:
            self._stats.aborted += 1
            self.end()
            self._sink.abort()
        else:
            self._sink.write(frames)
