"""Channels that only tell."""

from __future__ import annotations

from typing import Any

from tickfire.phoenix import Channel, NoReply, Reply, Socket, Stop


class OutboundChannel(Channel):
    """A channel whose clients have nothing to say, unless a subclass knows the event."""

    async def handle_in(
        self, event: str, payload: Any, socket: Socket
    ) -> Reply | NoReply | Stop | None:
        """Answer any push with an error."""
        return Reply({"reason": f"no event {event}"}, "error")
