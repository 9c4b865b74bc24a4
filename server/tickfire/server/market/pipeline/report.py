"""`Report`: a row for each part of the pipeline, with its state, rate and backlog. Pure.

A part that is down cannot tell its backlog. It is then estimated: the ticks that the feed would
have sent, at its usual rate, since the newest tick that this worker has read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from tickfire.base.units import NS_PER_S
from tickfire.server.market.pipeline.feeds import FeedRow, feed_rows, standbys_of, worst, writers
from tickfire.server.market.pipeline.processes import Process, Processes, State, state_after
from tickfire.store.schema import INGEST

LIVE_FEED_NS: Final = 3600 * NS_PER_S
"""Age of a tick on arrival below which its feed is live; those of a recording are older."""
BEHIND_NS: Final = NS_PER_S // 2
"""Age of a tick on arrival from which others count as waiting behind it."""


@dataclass(slots=True)
class Streams:
    """Redis and its streams of ticks, as this worker sees them.

    Attributes
    ----------
    up_since, answered : int
        Times of the first answer after the last outage, and of the latest, in ns since the Unix
        epoch; 0 before the first.
    written : int
        Sum of the newest positions of the shards.
    """

    up_since: int = 0
    answered: int = 0
    written: int = 0

    def state(self, now: int) -> tuple[State, int]:
        """Return the state of Redis, and the time since which it holds."""
        state = state_after(now - self.answered)
        return state, self.up_since if state == "up" else self.answered


@dataclass(frozen=True, slots=True)
class Worker:
    """The worker that makes the report.

    Attributes
    ----------
    started : int
        In ns since the Unix epoch.
    read : int
        Sum of the positions that were read.
    clients, catching_up : int
        Connections, and subscriptions that are served from history.
    rates : mapping
        ``ticks``, ``frames`` and ``bytes`` per second.
    newest : tuple of int, or None
        ``(ts_event, received)`` of the newest tick that was read, in ns since the Unix epoch.
    """

    started: int
    read: int
    clients: int
    catching_up: int
    rates: Mapping[str, float]
    newest: tuple[int, int] | None


@dataclass(slots=True)
class Row:
    """One part of the pipeline.

    Attributes
    ----------
    name : str
        ``"feed"``, ``"ingest"``, ``"redis"``, ``"server"``, ``"infer"`` or ``"news"``.
    state : str
        ``"unknown"`` if the process cannot be heard because Redis is down.
    since : int
        Time since which the state holds, in ns since the Unix epoch.
    detail : str
    rate : float
        Per second: records of the feed, ticks that ingest wrote, that this worker read from Redis
        and that infer read, frames that this worker encoded, headlines.
    backlog : int
        Number of waiting ticks for the feed, infer and Redis, of writes for ingest, of
        subscriptions for the server.
    estimated : bool
        True if `backlog` is an estimate, in ticks.
    figures : dict
        Further figures.
    """

    name: str
    state: State
    since: int
    detail: str = ""
    rate: float = 0.0
    backlog: int = 0
    estimated: bool = False
    figures: dict[str, float] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Return the row for a client."""
        return {
            "name": self.name,
            "state": self.state,
            "since": str(self.since),
            "detail": self.detail,
            "rate": round(self.rate, 1),
            "backlog": self.backlog,
            "estimated": self.estimated,
            "figures": self.figures,
        }


class Report:
    """Maker of reports.

    Parameters
    ----------
    processes : Processes
    streams : Streams
    """

    def __init__(self, processes: Processes, streams: Streams) -> None:
        self._processes = processes
        self._streams = streams
        self._usual_rate = 0.0

    def rows(self, worker: Worker, now: int) -> list[Row]:
        """Return the rows in the order of the data, without processes that were never heard."""
        redis = Row("redis", *self._streams.state(now), rate=worker.rates["ticks"])
        if redis.state == "up":
            redis.backlog = max(0, self._streams.written - worker.read)
        server = Row(
            "server", "up", worker.started, rate=worker.rates["frames"],
            backlog=worker.catching_up,
            figures={"clients": worker.clients, "bytes_per_s": round(worker.rates["bytes"], 1)},
        )  # fmt: skip
        infer, news = (
            self._process(self._processes.get(name), redis, now) for name in ("infer", "news")
        )
        if infer is not None:
            infer.figures["standbys"] = standbys_of("infer", self._processes, now)
        written = [self._process(process, redis, now) for _, process in writers(self._processes)]
        ingest = _joined([row for row in written if row is not None])
        feed = self._feed(ingest, now)
        if ingest is not None:
            self._estimate(feed, ingest, redis, worker, now)
        rows = (feed, ingest, redis, server, infer, news)
        return [row for row in rows if row is not None]

    def _process(self, process: Process | None, redis: Row, now: int) -> Row | None:
        if process is None:
            return None
        state, since = self._processes.state(process, now)
        if redis.state == "down":
            state, since = "unknown", redis.since
        figures = process.beat.figures
        name = process.beat.process.partition(":")[0]
        row = Row(name, state, since, figures=dict(figures))
        if state == "up":
            row.rate = process.rate("headlines" if name == "news" else "position")
        if name == INGEST:
            row.backlog = int(figures.get("unacknowledged_writes", 0))
        elif "position" in figures:
            row.backlog = max(0, self._streams.written - int(figures["position"]))
        return row

    def feeds(self, now: int) -> list[FeedRow]:
        """Return the state of each feed."""
        return feed_rows(self._processes, self._streams.state(now), now)

    def _feed(self, ingest: Row | None, now: int) -> Row | None:
        """Return the row of all feeds, whose state is the gravest of theirs."""
        feeds = self.feeds(now)
        if ingest is None or not feeds:
            return None
        detail = "; ".join(dict.fromkeys(feed.detail for feed in feeds if feed.detail))
        if ingest.state != "up":
            return Row("feed", "unknown", ingest.since, detail)
        state, since = worst([(_STATES[feed.state], feed.since) for feed in feeds])
        return Row("feed", state, since, detail, sum(feed.rate for feed in feeds))

    def _estimate(
        self, feed: Row | None, ingest: Row, redis: Row, worker: Worker, now: int
    ) -> None:
        """Estimate the ticks that wait where nothing can be counted.

        While ingest or its feed is down, and while the feed makes up for it, they wait in the feed;
        while Redis is down, in ingest.
        """
        up = redis.state == ingest.state == "up" and (feed is None or feed.state == "up")
        if up and ingest.rate:
            self._usual_rate = ingest.rate
        if worker.newest is None:
            return
        ts_event, received = worker.newest
        age = received - ts_event
        behind = age if BEHIND_NS < age < LIVE_FEED_NS else 0
        if not up:
            behind += max(0, now - received)
        if behind:
            row = ingest if redis.state != "up" or feed is None else feed
            row.backlog = int(self._usual_rate * behind / NS_PER_S)
            row.estimated = True


_STATES: Final[Mapping[str, State]] = {
    "up": "up", "stale": "late", "down": "down", "unknown": "unknown",
}  # fmt: skip
"""The state of a part of the pipeline for that of a feed."""


def _joined(rows: list[Row]) -> Row | None:
    """Join the rows of the processes that write feeds into one."""
    if not rows:
        return None
    state, since = worst([(row.state, row.since) for row in rows])
    figures: dict[str, float] = {}
    for row in rows:
        for name, figure in row.figures.items():
            before = figures.get(name, 0)
            figures[name] = max(before, figure) if name.endswith("_ns") else before + figure
    down = [row for row in rows if row.state != "up"]
    detail = f"{len(down)} of {len(rows)} processes" if down and len(rows) > 1 else ""
    rate, backlog = sum(row.rate for row in rows), sum(row.backlog for row in rows)
    return Row(INGEST, state, since, detail, rate, backlog, figures=figures)
