"""WebSocket routes that are not Phoenix's: uvicorn's own implementation takes the connection over.

Our protocol class has started the application already when it turns out that a route wants plain
ASGI messages. The stock protocol is then given the request once more, and a relay in place of the
application: it passes the stock `receive` and `send` to the application that runs.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

if TYPE_CHECKING:
    from uvicorn.config import Config
    from uvicorn.server import ServerState


class Foreign:
    """One connection in the hands of uvicorn's own protocol."""

    def __init__(
        self, config: Config, server_state: ServerState, app_state: dict[str, Any]
    ) -> None:
        loop = asyncio.get_running_loop()
        self._ready: asyncio.Future[None] = loop.create_future()
        self._finished: asyncio.Future[None] = loop.create_future()
        self._stock = WebSocketsSansIOProtocol(config, server_state, app_state)
        self._stock.app = self._relay
        self.receive: Any = None
        self.send: Any = None

    async def adopt(self, transport: asyncio.Transport, request: bytes) -> None:
        """Give the transport and the request to the stock protocol; return when it has a channel.

        Raises
        ------
        ClientDisconnected
            if the stock protocol refuses the request
        """
        transport.set_protocol(self._stock)
        self._stock.connection_made(transport)
        self._stock.data_received(request)
        if self._stock.close_sent or transport.is_closing():
            raise ClientDisconnected
        await self._ready

    def finish(self, error: Exception | None) -> None:
        """Tell the stock protocol that the application has returned, or failed."""
        if self._finished.done():
            return
        if error is None:
            self._finished.set_result(None)
        else:
            self._finished.set_exception(error)

    async def _relay(self, scope: Any, receive: Any, send: Any) -> None:
        self.receive, self.send = receive, send
        self._ready.set_result(None)
        await self._finished
