"""`LimitedWebSocket`: Phoenix's WebSocket protocol, which is discounted when it ends."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

from uvicorn.protocols.utils import get_remote_addr

from tickfire.phoenix import PhoenixProtocol
from tickfire.server.limits.admission import Admission
from tickfire.server.limits.causes import MALFORMED, MESSAGE

if TYPE_CHECKING:
    from uvicorn.config import Config
    from uvicorn.server import ServerState

FAULTS: Final = {1007: MALFORMED, 1009: MESSAGE, 1011: MALFORMED}
"""Causes by the close code (RFC 6455, section 7.4.1); 1011 is Phoenix's for what is no message."""


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

    def close(self, code: int, reason: str = "") -> None:
        """Close the connection with a close code; count it if the client is at fault."""
        cause = FAULTS.get(code)
        if cause is not None:
            peer = get_remote_addr(self.transport)
            self._admission.refusals.add(cause, self.client or (peer[0] if peer else ""))
        super().close(code, reason)

    def hand_over(self) -> asyncio.Transport:
        """Return the transport, for uvicorn's own protocol, which only refuses the connection."""
        self._admission.leave(self.client)
        return super().hand_over()

    def connection_lost(self, exc: Exception | None) -> None:
        """Discount the connection, which has ended."""
        self._admission.leave(self.client)
        super().connection_lost(exc)
