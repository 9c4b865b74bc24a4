"""Support for WebSocket routes that are not Phoenix's, through uvicorn's own implementation.

When a route turns out to use plain ASGI messages, the application is running already. The stock
protocol then takes over the connection: it is fed the request again, with a relay as its
application that passes its `receive` and `send` on to the running application.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from tickfire.phoenix.transports.handshake import Refusal
from tickfire.phoenix.transports.uvicorn.upgrade import refusal_response

if TYPE_CHECKING:
    from uvicorn.config import Config
    from uvicorn.server import ServerState


class Foreign:
    """A connection served by uvicorn's own protocol."""

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
        """Pass the transport and the request to the stock protocol; wait until it calls the relay.

        Raises
        ------
        ClientDisconnected
            If the stock protocol refuses the request.
        """
        transport.set_protocol(self._stock)
        self._stock.connection_made(transport)
        self._stock.data_received(request)
        if self._stock.close_sent or transport.is_closing():
            raise ClientDisconnected
        if self._stock.conn.handshake_exc is not None:  # a body, which the stock protocol ignores
            transport.write(refusal_response(Refusal(400)))
            transport.close()
            raise ClientDisconnected
        await self._ready

    def finish(self, error: Exception | None) -> None:
        """Let the relay return, or raise the error of the application."""
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
