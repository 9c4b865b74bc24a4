"""`OutboundChannel`: a channel that pushes events and accepts none."""

from __future__ import annotations

from typing import Any

from tickfire.phoenix import Channel, NoReply, Reply, Socket, Stop
from tickfire.server.access.gated import RENEWAL, GatedSocket


class OutboundChannel(Channel):
    """A channel that pushes events and accepts none, unless a subclass handles them."""

    async def handle_in(
        self, event: str, payload: Any, socket: Socket
    ) -> Reply | NoReply | Stop | None:
        """Renew the client's grant by ``access_token``; reply to other events with an error."""
        user = socket.user_socket
        if event == RENEWAL and isinstance(user, GatedSocket):
            why = await user.renew(payload)
            return Reply({}) if why is None else Reply({"reason": why}, "error")
        return Reply({"reason": f"no event {event}"}, "error")
