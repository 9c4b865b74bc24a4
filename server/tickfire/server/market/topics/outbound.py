"""`OutboundChannel`: a channel that pushes events and accepts none."""

from __future__ import annotations

from typing import Any

from tickfire.phoenix import Channel, NoReply, Reply, Socket, Stop


class OutboundChannel(Channel):
    """A channel that pushes events and accepts none, unless a subclass handles them."""

    async def handle_in(
        self, event: str, payload: Any, socket: Socket
    ) -> Reply | NoReply | Stop | None:
        """Reply to every event with an error."""
        return Reply({"reason": f"no event {event}"}, "error")
