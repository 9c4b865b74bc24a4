"""Transport over a WebSocket."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import logging
from typing import Any, Final
from urllib.parse import urlencode

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, InvalidURI, WebSocketException
from websockets.typing import Subprotocol

from tickfire.client.channels.options import shown_of
from tickfire.client.channels.transport import (
    ABNORMAL,
    AUTH_TOKEN_PREFIX,
    Handshake,
    TransportClosed,
)
from tickfire.client.errors import ConnectionFailedError, refused, unreachable

_CLOSE_TIMEOUT_S: Final = 2.0
_READ_AHEAD: Final = 1_024  # messages
MAX_BODY: Final = 200
"""Characters of the body of a refusal that its error shows."""


class _Discreet(logging.LoggerAdapter[logging.Logger]):
    """The log of websockets without its details, which hold tokens: addresses and headers."""

    def isEnabledFor(self, level: int) -> bool:
        return level > logging.DEBUG and super().isEnabledFor(level)


class WebSocketTransport:
    """One WebSocket connection.

    Parameters
    ----------
    handshake
        Its address, params and headers.
    """

    name = "websocket"
    needs_heartbeat = True

    def __init__(self, handshake: Handshake) -> None:
        self._url = f"{handshake.endpoint}/websocket?{urlencode(handshake.query)}"
        self._shown = f"{shown_of(handshake.endpoint)}/websocket"
        self._options: dict[str, Any] = {
            "additional_headers": dict(handshake.headers),
            "logger": _Discreet(logging.getLogger("websockets.client")),
            "open_timeout": handshake.open_timeout_s,
        }
        if handshake.auth_token is not None:
            encoded = base64.b64encode(handshake.auth_token.encode()).decode().rstrip("=")
            protocols = [Subprotocol("phoenix"), Subprotocol(AUTH_TOKEN_PREFIX + encoded)]
            self._options["subprotocols"] = protocols
        if handshake.ssl_context is not None:
            self._options["ssl"] = handshake.ssl_context
        self._socket: ClientConnection | None = None
        self._outgoing: asyncio.Queue[str | bytes] = asyncio.Queue()
        self._writer: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Connect."""
        try:
            self._socket = await connect(
                self._url,
                close_timeout=_CLOSE_TIMEOUT_S,
                ping_interval=None,  # the protocol has heartbeats of its own
                max_size=None,
                max_queue=_READ_AHEAD,
                **self._options,
            )
        except InvalidStatus as error:
            body = (error.response.body or b"").decode("utf8", "replace").strip()[:MAX_BODY]
            raise refused(self._shown, error.response.status_code, body) from None
        except InvalidURI as error:  # whose own text has the whole address
            raise ConnectionFailedError(f"{self._shown} is no address: {error.msg}") from None
        except (OSError, TimeoutError, WebSocketException, EOFError) as error:
            raise unreachable(self._shown, error) from None
        self._writer = asyncio.create_task(self._write())

    def send(self, data: str | bytes) -> None:
        """Send a frame."""
        self._outgoing.put_nowait(data)

    async def receive(self) -> str | bytes:
        """Return the next frame."""
        assert self._socket is not None
        try:
            return await self._socket.recv()
        except ConnectionClosed as closed:
            frame = closed.rcvd
            code, reason = (ABNORMAL, "") if frame is None else (frame.code, frame.reason)
            raise TransportClosed(code, reason) from None

    async def close(self, code: int = 1000, reason: str = "", *, at_once: bool = False) -> None:
        """Close the connection."""
        if self._socket is None:
            return
        if at_once:
            self._socket.transport.abort()
        else:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_CLOSE_TIMEOUT_S):
                    await self._outgoing.join()
        if self._writer is not None:
            self._writer.cancel()
        await self._socket.close(code, reason)

    async def _write(self) -> None:
        assert self._socket is not None
        with contextlib.suppress(ConnectionClosed):
            while True:
                await self._socket.send(await self._outgoing.get())
                self._outgoing.task_done()
