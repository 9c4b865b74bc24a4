"""`Health`: the state of the pipeline, read from Redis and broadcast on ``pipeline:health``."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from tickfire.base.recent import Quantiles
from tickfire.phoenix import Hub
from tickfire.server.market.epoch.trace import TraceSampler
from tickfire.server.market.pipeline.processes import Processes
from tickfire.server.market.pipeline.readiness import FollowedMarket
from tickfire.server.market.pipeline.report import Report, Row, Streams, Worker
from tickfire.server.metrics import Metrics
from tickfire.store.requests import RedisUnavailable, Requests
from tickfire.store.schema import HEALTH_KEY, INGEST, Beat
from tickfire.store.store import Store

HEALTH: Final = "pipeline:health"
POLL_S: Final = 0.25
REPORT_S: Final = 0.5
ACKNOWLEDGE: Final = "acknowledge"
"""The time from the sending of an entry to Redis until its reply, as ingest measures it."""

logger = logging.getLogger(__name__)

_BEAT: Final = msgspec.msgpack.Decoder(Beat)


class Health:
    """Reader of beats, and publisher of reports.

    Parameters
    ----------
    hub : Hub
    metrics : Metrics
    trace : TraceSampler
    processes : Processes
        Those whose beats are read.
    live : callable
        Returns the market, None while there is none.
    written : callable
        Returns the sum of the newest positions of the streams.
    clients : callable
        Returns the number of connections.
    clock : callable
        Returns ns since the Unix epoch.
    on_feeds : callable
        Called with the feeds, as JSON, whenever the state of one has changed.
    """

    def __init__(
        self,
        hub: Hub,
        metrics: Metrics,
        trace: TraceSampler,
        processes: Processes,
        live: Callable[[], FollowedMarket | None],
        written: Callable[[], int],
        clients: Callable[[], int],
        clock: Callable[[], int],
        on_feeds: Callable[[list[dict[str, Any]]], None] = lambda feeds: None,
    ) -> None:
        self._on_feeds = on_feeds
        self._told: list[tuple[int, str, str]] = []
        self._hub, self._metrics, self._trace = hub, metrics, trace
        self._live, self._clients, self._clock = live, clients, clock
        self._written = written
        self._processes = processes
        self._streams = Streams()
        self._report = Report(self._processes, self._streams)
        self._started = clock()
        self._counted = (time.monotonic(), metrics.ticks, metrics.frames, metrics.bytes)
        self._rates = {"ticks": 0.0, "frames": 0.0, "bytes": 0.0}
        metrics.watch("up", "Parts of the pipeline that are up.", "part", self._count_up)

    async def run(self, store: Store) -> None:
        """Read and publish until cancelled."""
        beats = Requests(store, HEALTH_KEY)
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._poll(beats))
                tasks.create_task(self._publish())
        finally:
            beats.close()

    def as_json(self) -> dict[str, Any]:
        """Return the state of the pipeline for clients."""
        now = self._clock()
        rows = self._rows(now)
        return {
            "now": str(now),
            "processes": [row.as_json() for row in rows],
            "feeds": self.feeds_as_json(),
            "hops": {name: _as_json(hop) for name, hop in self._hops(rows).items()},
        }

    def feeds_as_json(self) -> list[dict[str, Any]]:
        """Return the state of each feed for clients."""
        return [row.as_json() for row in self._report.feeds(self._clock())]

    def _count_up(self) -> dict[str, float]:
        return {row.name: float(row.state == "up") for row in self._rows(self._clock())}

    def _rows(self, now: int) -> list[Row]:
        live = self._live()
        entry = self._trace.newest
        worker = Worker(
            started=self._started,
            read=0 if live is None else sum(live.data.positions.values()),
            clients=self._clients(),
            catching_up=self._metrics.count_catching_up(),
            rates=self._rates,
            newest=None if entry is None else (int(entry.ticks[-1]["ts_event"]), entry.received),
        )
        return self._report.rows(worker, now)

    def _hops(self, rows: list[Row]) -> Mapping[str, Quantiles]:
        figures = next((row.figures for row in rows if row.name == INGEST), {})
        acknowledge = Quantiles(
            int(figures.get("acknowledged_p50_ns", 0)),
            int(figures.get("acknowledged_p99_ns", 0)),
            int(figures.get("acknowledged_count", 0)),
        )
        return {**self._trace.quantiles(), ACKNOWLEDGE: acknowledge}

    # --- reading
    async def _poll(self, beats: Requests) -> None:
        while True:
            try:
                packed = await beats.hash(HEALTH_KEY)
            except RedisUnavailable as error:
                logger.debug("cannot read the state of the pipeline: %s", error)
            else:
                self._hear(packed)
            await asyncio.sleep(POLL_S)

    def _hear(self, packed: Mapping[bytes, bytes]) -> None:
        now = self._clock()
        if self._streams.state(now)[0] != "up":
            self._streams.up_since = now
            self._processes.listen_again(now)
        self._streams.answered = now
        self._streams.written = self._written()
        self._processes.hear(_beats(packed), now)

    # --- publishing
    async def _publish(self) -> None:
        while True:
            await asyncio.sleep(REPORT_S)
            self._measure_rates()
            self._rows(self._clock())  # so that the report knows the usual rate
            self._tell_feeds()
            if self._hub.lanes(HEALTH):
                self._hub.local_broadcast(HEALTH, "health", self.as_json())

    def _tell_feeds(self) -> None:
        """Pass on the feeds if the state of one has changed."""
        rows = self._report.feeds(self._clock())
        states = [(row.number, str(row.state), row.detail) for row in rows]
        if states != self._told:
            self._told = states
            self._on_feeds([row.as_json() for row in rows])

    def _measure_rates(self) -> None:
        metrics, (then, *before) = self._metrics, self._counted
        now = (time.monotonic(), metrics.ticks, metrics.frames, metrics.bytes)
        self._counted = now
        elapsed = now[0] - then
        grown = zip(self._rates, now[1:], before, strict=True)
        self._rates = {name: (new - old) / elapsed for name, new, old in grown}


def _beats(packed: Mapping[bytes, bytes]) -> list[Beat]:
    found = []
    for field in packed.values():
        try:
            found.append(_BEAT.decode(field))
        except msgspec.MsgspecError:
            logger.debug("skipping a beat that cannot be decoded: %r", field)
    return found


def _as_json(hop: Quantiles) -> dict[str, int]:
    return {"p50": hop.p50, "p99": hop.p99, "count": hop.count}
