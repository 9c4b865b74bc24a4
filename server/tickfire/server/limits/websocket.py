"""`LimitedWebSocket`: Phoenix's WebSocket protocol, which is discounted when it ends."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from tickfire.phoenix import PhoenixProtocol
from tickfire.server.limits.admission import Admission
from tickfire.server.limits.causes import MESSAGE

if TYPE_CHECKING:
    from uvicorn.config import Config
    from uvicorn.server import ServerState

TOO_BIG: int = 1009
"""The close code of a message that is too big (RFC 6455, section 7.4.1)."""


class LimitedWebSocket(PhoenixProtocol):
    """WebSocket connection of an admitted client.

    Parameters
    ----------
    admission : Admission
    config, server_state, app_state, _loop
        As uvicorn prescribes.

    Attributes
    ----------
    client : str or None
        The client by which the connection was counted.
    """

    __slots__ = ("_admission", "client")

    def __init__(
        self,
        admission: Admission,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._admission = admission
        self.client: str | None = None

    def fail(self, code: int) -> None:
        """Close the session with a close code; count messages that are too big."""
        if code == TOO_BIG:
            self._admission.refusals.add(MESSAGE, self.client or "a client")
        super().fail(code)

    def hand_over(self) -> asyncio.Transport:
        """Return the transport, for uvicorn's own protocol, which only refuses the connection."""
        self._admission.leave(self.client)
        return super().hand_over()

    def connection_lost(self, exc: Exception | None) -> None:
        """Discount the connection, which has ended."""
        self._admission.leave(self.client)
        super().connection_lost(exc)
