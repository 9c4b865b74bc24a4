"""`TransportChoice`: WebSocket or long-poll."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from tickfire.client.channels.heartbeat import Heartbeat
from tickfire.client.channels.longpoll import LongPollTransport
from tickfire.client.channels.options import PhoenixOptions, shown_of
from tickfire.client.channels.transport import Handshake, Transport
from tickfire.client.channels.websocket import WebSocketTransport
from tickfire.client.errors import ConnectionFailedError, ConnectionLostError

_log = logging.getLogger("tickfire.client")

_TRANSPORTS: dict[str, Callable[[Handshake], Transport]] = {
    "websocket": WebSocketTransport,
    "longpoll": LongPollTransport,
}
_UNAUTHORIZED = (401, 403)


class TransportChoice:
    """The transport that the options name, or long-poll where WebSockets do not work.

    Parameters
    ----------
    endpoint
        Address of the socket.
    options
        Options of the connection.

    Attributes
    ----------
    name : str
        "websocket" or "longpoll", the transport in use.
    """

    def __init__(self, endpoint: str, options: PhoenixOptions) -> None:
        self.name: str = options.transport
        self._endpoint = endpoint
        self._options = options
        self._has_websocket = False

    def make(self) -> Transport:
        """Return a transport for the next attempt to connect."""
        options = self._options
        handshake = Handshake(
            self._endpoint,
            options.query(),
            options.token(),
            options.headers,
            self._open_timeout_s(),
            options.ssl_context,
        )
        return _TRANSPORTS[self.name](handshake)

    def _open_timeout_s(self) -> float:
        fallback_s = self._options.longpoll_fallback_s
        if fallback_s is None or self.name == "longpoll":
            return self._options.open_timeout_s
        return min(fallback_s, self._options.open_timeout_s)

    @property
    def may_fall_back(self) -> bool:
        """True if long-poll is to be used should WebSockets not work."""
        is_wanted = self._options.longpoll_fallback_s is not None
        return is_wanted and not self._has_websocket and self.name == "websocket"

    def falls_back(self, error: ConnectionFailedError) -> bool:
        """Change to long-poll if WebSockets never worked, and return whether that was done."""
        if not self.may_fall_back:
            return False
        if error.status in _UNAUTHORIZED and self._options.auth_token is not None:
            return False
        _log.info("%s; long-poll is used instead", error)
        self.name = "longpoll"
        return True

    async def prove(self, heartbeat: Heartbeat, transport: Transport) -> None:
        """Check that the first WebSocket answers, and fall back to long-poll if it does not."""
        try:
            async with asyncio.timeout(self._options.longpoll_fallback_s):
                await heartbeat.ping()
            self._has_websocket = True
        except TimeoutError:
            shown = shown_of(self._endpoint)
            _log.info("%s answers no heartbeat; long-poll is used instead", shown)
            self.name = "longpoll"
            await transport.close(at_once=True)
        except ConnectionLostError:
            return
