"""``pipeline:trace``: where the time of a tick goes, sampled."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final

from tickfire.kernels.bars import SECOND_NS
from tickfire.phoenix import Hub, JoinError, NoReply, Reply, Socket, Stop
from tickfire.server.market.epoch.dataset import DataSet
from tickfire.server.market.topics.outbound import OutboundChannel
from tickfire.server.metrics import Metrics
from tickfire.store.entries import TickEntry

TRACE: Final = "pipeline:trace"
HOPS: Final = ("received", "parsed", "written", "read", "sent")
TRACES_PER_S: Final = 4
SAMPLES_PER_S: Final = 100
"""Of the histogram of hops."""


class Trace:
    """Samples entries for the topic and for the metrics.

    Parameters
    ----------
    hub : Hub
    metrics : Metrics
    clients : callable
        How many connections there are.
    clock : callable
        ns since the Unix epoch: the clock that the stamps of the hops come from.
    """

    def __init__(
        self, hub: Hub, metrics: Metrics, clients: Callable[[], int], clock: Callable[[], int]
    ) -> None:
        self._hub = hub
        self._metrics = metrics
        self._clients = clients
        self._clock = clock
        self._sampled_at = 0
        self._traced_at = 0
        self._counted_from = (time.monotonic(), 0)
        self._read = 0
        self.ticks_per_s = 0.0

    def sample(self, data: DataSet, shard: int, entry: TickEntry, read_ns: int) -> None:
        """Take note of an entry that was just written to the sockets."""
        now = self._clock()
        if now - self._sampled_at < SECOND_NS // SAMPLES_PER_S:
            return
        self._sampled_at = now
        stamps = (entry.received, entry.parsed, entry.written, read_ns, now)
        self._metrics.observe_hops(stamps)
        self._metrics.lag.set(max(0, read_ns - entry.written) / SECOND_NS)
        if now - self._traced_at >= SECOND_NS // TRACES_PER_S:
            self._traced_at = now
            self._count(sum(data.positions))
            if self._hub.lanes(TRACE):
                self._publish(data, shard, entry, stamps)

    def _count(self, position: int) -> None:
        since, before = self._counted_from
        now = time.monotonic()
        if now > since and position >= before:
            self.ticks_per_s = (position - before) / (now - since)
        self._counted_from = now, position

    def _publish(
        self, data: DataSet, shard: int, entry: TickEntry, stamps: tuple[int, ...]
    ) -> None:
        tick = entry.ticks[-1]
        slot = data.states.find(int(tick["feed"]), int(tick["instrument_id"]))
        if slot is None:
            return
        listing = data.instruments.listings[slot]
        payload: dict[str, Any] = {
            "symbol": listing.symbol,
            "id": str(data.place_of(listing)),
            "ts_event": str(int(tick["ts_event"])),
            **{hop: str(stamp) for hop, stamp in zip(HOPS, stamps, strict=True)},
            "ticks_per_s": round(self.ticks_per_s, 1),
            "clients": self._clients(),
        }
        self._hub.local_broadcast(TRACE, "trace", payload)


class TraceChannel(OutboundChannel):
    """The topic, and the server's clock."""

    def __init__(self, clock: Callable[[], int]) -> None:
        self._clock = clock

    async def join(self, topic: str, payload: Any, socket: Socket) -> Any:
        """Tell the hops."""
        if topic != TRACE:
            raise JoinError({"reason": "unmatched topic"})
        return {"hops": HOPS}

    async def handle_in(
        self, event: str, payload: Any, socket: Socket
    ) -> Reply | NoReply | Stop | None:
        """Answer ``clock`` with now, ns."""
        if event == "clock":
            return Reply({"now": str(self._clock())})
        return await super().handle_in(event, payload, socket)
