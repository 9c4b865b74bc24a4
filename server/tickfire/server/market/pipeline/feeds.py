"""The state of each feed, from the beats of the processes that write it. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from tickfire.server.market.pipeline.processes import Process, Processes, State
from tickfire.store.schema import FEED_STALE, INGEST, STANDBY

type FeedStateName = Literal["up", "stale", "down", "unknown"]

BY_GRAVITY: Final[Sequence[State]] = ("up", "late", "unknown", "down")
"""The states of a part of the pipeline, the best one first."""


@dataclass(frozen=True, slots=True)
class FeedRow:
    """The state of one feed.

    Attributes
    ----------
    number : int
    state : str
        ``"unknown"`` if its ingest cannot be heard because Redis is down; ``"down"`` if its ingest
        is.
    since : int
        Time since which the state holds, in ns since the Unix epoch.
    detail : str
        The dataset, or why the feed is not up.
    rate : float
        Records per second.
    standbys : int
        Number of processes that wait to take over.
    gaps : int
        Number of gaps that its ingest has announced since it started.
    """

    number: int
    state: FeedStateName
    since: int
    detail: str
    rate: float
    standbys: int
    gaps: int

    def as_json(self) -> dict[str, Any]:
        """Return the row for a client."""
        return {
            "number": self.number,
            "state": self.state,
            "since": str(self.since),
            "detail": self.detail,
            "rate": round(self.rate, 1),
            "standbys": self.standbys,
            "gaps": self.gaps,
        }


def feed_rows(processes: Processes, redis: tuple[State, int], now: int) -> list[FeedRow]:
    """Return the state of each feed in the order of their numbers.

    Parameters
    ----------
    processes : Processes
    redis : tuple
        The state of Redis, and the time since which it holds.
    now : int
        In ns since the Unix epoch.
    """
    rows = (_row(number, process, processes, redis, now) for number, process in writers(processes))
    return sorted(rows, key=lambda row: row.number)


def writers(processes: Processes) -> Iterator[tuple[int, Process]]:
    """Yield the number of each feed, and the process that writes it."""
    for process in processes:
        name, _, number = process.beat.process.partition(":")
        if name == INGEST and number.isdigit():
            yield int(number), process


def worst(states: Sequence[tuple[State, int]]) -> tuple[State, int]:
    """Return the gravest of states, and the time since which it holds."""
    return max(states, key=lambda each: (BY_GRAVITY.index(each[0]), -each[1]))


def _row(
    number: int, process: Process, processes: Processes, redis: tuple[State, int], now: int
) -> FeedRow:
    standbys = standbys_of(str(number), processes, now)
    feed = process.beat.feed
    gaps = int(process.beat.figures.get("gaps", 0))
    state, since = processes.state(process, now)
    if redis[0] == "down":
        return FeedRow(number, "unknown", redis[1], "Redis is out of reach", 0.0, standbys, gaps)
    if feed is not None and feed.ended:
        return FeedRow(number, "down", feed.since, feed.name, 0.0, standbys, gaps)
    if state == "down":
        return FeedRow(number, "down", since, "its ingest does not run", 0.0, standbys, gaps)
    if feed is None:
        return FeedRow(number, "unknown", since, "", 0.0, standbys, gaps)
    known: FeedStateName = "up" if feed.connected else "down"
    if feed.state == FEED_STALE:
        known = "stale"
    return FeedRow(number, known, feed.since, feed.name, process.rate("records"), standbys, gaps)


def standbys_of(name: str, processes: Processes, now: int) -> int:
    """Return the number of live standbys of a feed, by its number, or of a command."""
    own = (each for each in processes if each.beat.process.startswith(f"{STANDBY}:{name}:"))
    return sum(processes.state(each, now)[0] == "up" for each in own)
