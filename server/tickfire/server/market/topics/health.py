"""Channel of ``pipeline:health``: the state of the processes, and the times of the hops."""

from __future__ import annotations

from typing import Any

from tickfire.phoenix import JoinError, Socket
from tickfire.server.market.pipeline.health import HEALTH, Health
from tickfire.server.market.topics.outbound import OutboundChannel


class HealthChannel(OutboundChannel):
    """The topic of the pipeline's state."""

    def __init__(self, health: Health) -> None:
        self._health = health

    async def join(self, topic: str, payload: Any, socket: Socket) -> Any:
        """Reply with the current state."""
        if topic != HEALTH:
            raise JoinError({"reason": "unmatched topic"})
        return self._health.as_json()
