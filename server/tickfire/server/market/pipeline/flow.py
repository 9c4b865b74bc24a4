"""`Flow`: faults of the way from each feed to Redis, found in the beats of ingest. Pure.

Times are in ns since the Unix epoch by the server's clock, and are arguments.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from tickfire.base.units import NS_PER_S, utc
from tickfire.server.market.pipeline.feeds import writers
from tickfire.server.market.pipeline.processes import Process, Processes
from tickfire.store.schema import REPLAY, SIMULATED

DEFAULT_STALE_S: Final = 60.0
"""Time without data of a feed, in seconds, from which the market is not ready."""
GONE_NS: Final = 5 * NS_PER_S
"""Silence of an ingest from which it is gone: a standby takes over sooner."""
HEARTBEAT_NS: Final = 15 * NS_PER_S
"""Silence from which a source that sends heartbeats is silent; gateways send one every 10 s."""

type Expects = Callable[[int, int, int], bool]
"""Returns whether a feed should have brought data from a time to another."""


class Flow:
    """Judge of the feeds that ingest writes.

    A market that is closed or halted brings no data, and a recording has its own quiet hours: the
    first is told by `expects`, the second is judged by the heartbeats of its gateway.

    Parameters
    ----------
    processes : Processes
    stale_ns : int
        Time without data, or without a session, from which a feed does not flow; 0 for never.
    origin : callable
        Returns the origin of the ticks of a feed, None if it is not known.
    expects : callable
    """

    def __init__(
        self,
        processes: Processes,
        stale_ns: int,
        origin: Callable[[int], str | None],
        expects: Expects,
    ) -> None:
        self._processes, self._stale_ns = processes, stale_ns
        self._origin, self._expects = origin, expects

    def silences(self, now: int) -> dict[int, int]:
        """Return the time since the latest data of each feed, or since its session began, in ns."""
        silences = ((feed, _silent_since(process)) for feed, process in writers(self._processes))
        return {feed: max(0, now - since) for feed, since in silences if since is not None}

    def faults(self, now: int) -> dict[int, str]:
        """Return the reason why a feed does not flow, for each that does not."""
        if not self._stale_ns:
            return {}
        found = ((feed, self._fault(feed, one, now)) for feed, one in writers(self._processes))
        return {feed: why for feed, why in sorted(found) if why}

    def behind(self, since: int, now: int) -> str | None:
        """Return the reason why a feed may lag behind its source, None if none does.

        Beats that were read before `since` do not count.
        """
        if self._processes.heard_at <= since:
            return "the state of the feeds has not been read yet"
        for feed, process in writers(self._processes):
            state = process.beat.feed
            is_gone = self._processes.silence(process, now) >= GONE_NS
            if state is not None and not state.caught_up and not is_gone:
                return f"feed {feed} is catching up with its source: {state.name}"
        return None

    def _fault(self, feed: int, process: Process, now: int) -> str:
        state = process.beat.feed
        if state is not None and state.ended:
            return ""
        if self._processes.silence(process, now) >= GONE_NS:
            return f"feed {feed} has had no ingest since {utc(process.seen)}"
        since = _silent_since(process)
        if state is None or since is None:
            return ""
        if state.connected and self._origin(feed) == REPLAY:
            heard = _here(process, state.heard)
            silent = bool(state.heard) and now - heard > max(HEARTBEAT_NS, self._stale_ns)
            return f"feed {feed} has sent no heartbeat since {utc(heard)}" if silent else ""
        if now - since <= self._stale_ns or not self._is_due(feed, now):
            return ""
        if not state.connected:
            return f"feed {feed} is down since {utc(since)}: {state.name}"
        return f"feed {feed} has brought no data since {utc(since)}"

    def _is_due(self, feed: int, now: int) -> bool:
        if self._origin(feed) in (REPLAY, SIMULATED):
            return True
        return self._expects(feed, now - self._stale_ns, now)


def _silent_since(process: Process) -> int | None:
    """Return the time of the latest data, or from which the lack of data counts."""
    state = process.beat.feed
    if state is None:
        return None
    return _here(process, max(state.data, state.since) if state.connected else state.since)


def _here(process: Process, ts: int) -> int:
    """Return a time of a process by the server's clock."""
    return process.seen - (process.beat.at - ts)
