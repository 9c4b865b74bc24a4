"""`Processes`: which processes are alive, judged by their beats. Pure: times are arguments.

All times are in ns since the Unix epoch by the server's clock. The age of a beat is counted from
the moment at which this server first saw it, so that the clocks of other machines do not matter.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final, Literal

from tickfire.base.units import NS_PER_MS, NS_PER_S
from tickfire.store.schema import Beat

type State = Literal["up", "late", "down", "unknown"]

LATE_NS: Final = 900 * NS_PER_MS
"""Silence after which a process is late; it beats every 250 ms."""
DOWN_NS: Final = 1_500 * NS_PER_MS
"""Silence after which a process counts as down."""
FORGET_NS: Final = 24 * 3600 * NS_PER_S
"""Age of a beat from which it is ignored: that of a process which no longer belongs here."""
RATE_BEATS: Final = 8
"""Beats over which a rate is measured: two seconds."""


def state_after(silence_ns: int) -> State:
    """Return the state of something that was last heard of some time ago."""
    if silence_ns < LATE_NS:
        return "up"
    return "late" if silence_ns < DOWN_NS else "down"


@dataclass(slots=True)
class Process:
    """The beats of one process.

    Attributes
    ----------
    beat : Beat
        The latest.
    seen : int
        Time at which it was first seen.
    earlier : deque of Beat
        The beats before, of the same run of the process.
    """

    beat: Beat
    seen: int
    earlier: deque[Beat] = field(default_factory=lambda: deque(maxlen=RATE_BEATS))

    def hear(self, beat: Beat, now: int) -> None:
        """Take the beat that Redis holds now; it may be the one that is known."""
        if beat.at == self.beat.at and beat.pid == self.beat.pid:
            return
        if beat.pid != self.beat.pid:
            self.earlier.clear()
        else:
            self.earlier.append(self.beat)
        self.beat, self.seen = beat, now

    def rate(self, figure: str) -> float:
        """Return the increase of a counter per second, over the last beats; 0 if unknown."""
        if not self.earlier:
            return 0.0
        first, last = self.earlier[0], self.beat
        grown = last.figures.get(figure, 0) - first.figures.get(figure, 0)
        return max(0.0, grown * NS_PER_S / max(1, last.at - first.at))


class Processes:
    """The processes whose beats were read.

    Attributes
    ----------
    heard_at : int
        Time at which beats were read last; 0 if they never were.
    """

    def __init__(self) -> None:
        self._by_name: dict[str, Process] = {}
        self._deaf_until = 0
        self.heard_at = 0

    def __iter__(self) -> Iterator[Process]:
        return iter(self._by_name.values())

    def get(self, name: str) -> Process | None:
        """Return a process by name, None if it was never heard."""
        return self._by_name.get(name)

    def hear(self, beats: Iterable[Beat], now: int) -> None:
        """Take the beats that Redis holds now."""
        self.heard_at = now
        for beat in beats:
            if now - beat.at > FORGET_NS:
                continue
            known = self._by_name.get(beat.process)
            if known is None:
                self._by_name[beat.process] = Process(beat, min(now, beat.at))
            else:
                known.hear(beat, now)

    def listen_again(self, now: int) -> None:
        """Count no silence before `now`: beats could not be read until then."""
        self._deaf_until = now

    def silence(self, process: Process, now: int) -> int:
        """Return the time, in ns, for which a process was silent though it could be heard."""
        return now - max(process.seen, self._deaf_until)

    def state(self, process: Process, now: int) -> tuple[State, int]:
        """Return the state of a process, and the time since which it holds."""
        state = state_after(self.silence(process, now))
        return state, process.beat.started if state == "up" else process.beat.at
