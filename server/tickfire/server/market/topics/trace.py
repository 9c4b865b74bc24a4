"""Channel of ``pipeline:trace``: the time that ticks take from hop to hop."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tickfire.phoenix import JoinError, NoReply, Reply, Socket, Stop
from tickfire.server.market.epoch.trace import STAMPS, TRACE
from tickfire.server.market.topics.outbound import OutboundChannel


class TraceChannel(OutboundChannel):
    """The topic of traces, which also tells the server's clock.

    Parameters
    ----------
    clock : callable
        Returns ns since the Unix epoch.
    """

    def __init__(self, clock: Callable[[], int]) -> None:
        self._clock = clock

    async def join(self, topic: str, payload: Any, socket: Socket) -> Any:
        """Reply with the names of the hops."""
        if topic != TRACE:
            raise JoinError({"reason": "unmatched topic"})
        return {"hops": STAMPS}

    async def handle_in(
        self, event: str, payload: Any, socket: Socket
    ) -> Reply | NoReply | Stop | None:
        """Reply to ``clock`` with the time, in ns, and the bytes that wait for this client."""
        if event == "clock":
            return Reply({"now": str(self._clock()), "buffered": socket.outlet.buffered})
        return await super().handle_in(event, payload, socket)
