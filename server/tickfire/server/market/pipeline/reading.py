"""`Reading`: the streams of which this worker reads no more, though they have more. Pure.

Times are in ns and are arguments.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from tickfire.base.units import NS_PER_S
from tickfire.store.schema import Stream

UNREAD_NS: Final = 5 * NS_PER_S
"""Time without progress from which a stream counts as unread."""
STUCK_NS: Final = 60 * NS_PER_S
"""Time without progress from which none is expected any more, though Redis answers."""


class Reading:
    """The progress of a worker along the streams that it follows."""

    def __init__(self) -> None:
        self._waiting: dict[Stream, tuple[int, int]] = {}
        """Position of each stream that had more to read, and the time since which it is there."""
        self._looked: dict[Stream, int] = {}

    def look(self, written: Mapping[Stream, int], read: Mapping[Stream, int], now: int) -> None:
        """Compare positions.

        Parameters
        ----------
        written : mapping of Stream to int
            The newest position of each stream whose server answered.
        read : mapping of Stream to int
            The position of the last tick that was read of each stream that is followed; not older
            than `written`.
        now : int
        """
        for stream in self._waiting.keys() - read.keys():
            del self._waiting[stream]
        self._looked = {stream: at for stream, at in self._looked.items() if stream in read}
        for stream in written.keys() & read.keys():
            self._looked[stream] = now
            at, (known, _) = read[stream], self._waiting.get(stream, (-1, 0))
            if written[stream] <= at:
                self._waiting.pop(stream, None)
            elif at != known:
                self._waiting[stream] = at, now

    def waits(self, now: int) -> dict[Stream, int]:
        """Return for how long each stream has had ticks of which none was read, in ns."""
        return {
            stream: now - self._waiting[stream][1] if stream in self._waiting else 0
            for stream in sorted(self._looked)
        }

    def unread(self, now: int) -> list[Stream]:
        """Return the streams that are not being read."""
        return [stream for stream, wait in self.waits(now).items() if wait >= UNREAD_NS]

    def stuck(self, now: int) -> list[Stream]:
        """Return the streams that are not being read though their server answers."""
        return [
            stream
            for stream, wait in self.waits(now).items()
            if wait >= STUCK_NS and now - self._looked[stream] < UNREAD_NS
        ]


def not_read(streams: Sequence[Stream]) -> str:
    """Return the words that some streams are not being read."""
    names = ", ".join(map(str, streams))
    if len(streams) == 1:
        return f"stream {names} is not being read"
    return f"streams {names} are not being read"
