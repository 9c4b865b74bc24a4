"""The hub's view of one channel of one connection: where its frames go now.

`Subscriber.write` is the hub's way in. It is not a method but a slot that always holds the right
function for the state the subscriber is in, so that the fan-out loop asks nothing:

=========== ======================================= ==========================================
state       entered when                            `write` is
=========== ======================================= ==========================================
held        its join runs                           append to what follows the join reply
live        joined                                  the transport's own write
congested   over the high-water mark                overflow: conflate, or write up to the limit
gone        left, closed, crashed                   nothing
=========== ======================================= ==========================================

Over any of these, *ahead* means that the subscriber already has some frames that its lane is still
about to write to others (see lane.py); they are left out when the lane comes to it.
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
        """Return the number of bytes that wait to be sent."""

    def abort(self) -> None:
        """Cut the connection."""


class Source(Protocol):
    """The lane that a subscriber is in, as the subscriber sees it."""

    behind: bool
    """Whether some subscribers may have frames that others have not."""

    def catch_up(self, subscriber: Subscriber) -> None:
        """Write to a subscriber at once everything that it would get in its turn."""

    def withhold(self, subscriber: Subscriber, begin: int) -> int:
        """Let a subscriber skip everything written so far; return the number of skipped frames."""

    def rest_of_wave(self, subscriber: Subscriber) -> bytes:
        """Return the part of the current wave that a subscriber still needs."""


class HubStats:
    """Counters of one hub, monotonic."""

    __slots__ = ("aborted", "broadcasts", "overflowed")

    def __init__(self) -> None:
        self.aborted = 0
        """Connections cut because they took too little for too long."""
        self.broadcasts = 0
        """Frames given to a lane."""
        self.overflowed = 0
        """Writes that a congested subscriber's on_overflow took instead."""


class _Own(bytes):
    """A held frame that was sent to this subscriber alone, not by the hub."""


def _drop(frames: bytes) -> None:
    """Take frames of a subscriber that is gone."""


class Subscriber:
    """One channel's outlet.

    Parameters
    ----------
    sink
        The connection.
    stats
        The hub's counters.
    write_limit : bytes
        A congested connection without `on_overflow` is cut when more than this waits to be sent.
    """

    __slots__ = (
        "_begin", "_congested", "_held", "_sink", "_stats", "_write_limit",
        "gone", "index", "lane", "on_overflow", "skip_to", "write",
    )  # fmt: skip

    def __init__(self, sink: Sink, stats: HubStats, write_limit: int = DEFAULT_WRITE_LIMIT) -> None:
        self._sink = sink
        self._stats = stats
        self._write_limit = write_limit
        held: list[bytes] = []
        self._held: list[bytes] | None = held
        self._begin = -1  # number of the first frame that is being written; -1: of the wave
        self._congested = False
        self.gone = False
        self.lane: Source | None = None
        self.index = 0
        self.skip_to = -1
        self.on_overflow: Callable[[int], None] | None = None
        self.write: Callable[[bytes], None] = held.append

    # --- frames of its own
    def send(self, frames: bytes) -> None:
        """Send frames to this subscriber alone, after all that the hub has for it already."""
        if self.lane is not None and self.lane.behind:
            self.lane.catch_up(self)
        if self._held is not None:
            self._held.append(_Own(frames))
        elif not self.gone:
            if self._congested and self._sink.buffered() > self._write_limit:
                self._cut()
            else:
                self._sink.write(frames)

    # --- states
    def release(self, first: bytes) -> None:
        """End the hold: send `first`, then all that was held."""
        held, self._held = self._held or [], None
        self._settle()
        if not self.gone:
            self._sink.write(b"".join((first, *held)))

    def forget_held(self) -> None:
        """Drop what the hub wrote while held; what was sent to this subscriber alone stays."""
        if self._held:
            self._held[:] = [frames for frames in self._held if isinstance(frames, _Own)]

    def set_congested(self, congested: bool) -> None:
        """Follow the transport over its high-water mark, or back."""
        self._congested = congested
        self._settle()

    def end(self) -> None:
        """Write nothing any more."""
        self.gone = True
        self._held = None
        self.stay_even()

    # --- for the lane
    def run_ahead(self, skip_to: int) -> None:
        """Note that this subscriber needs no frame before number `skip_to` from its lane."""
        self.skip_to = skip_to
        self.write = self._write_ahead

    def stay_even(self) -> None:
        """Need every frame that comes from now on."""
        self.skip_to = -1
        self._settle()

    def write_missing(self, frames: bytes, begin: int) -> None:
        """Take frames of the lane out of turn; ``begin`` is the number of the first."""
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
                logger.exception("on_overflow failed")
        elif self._sink.buffered() > self._write_limit:
            self._cut()
        else:
            self._sink.write(frames)

    def _cut(self) -> None:
        self._stats.aborted += 1
        self.end()
        self._sink.abort()
