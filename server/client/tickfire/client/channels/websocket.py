"""Transport over a WebSocket."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import logging
import ssl
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, InvalidURI, WebSocketException
from websockets.typing import Subprotocol

from tickfire.client.channels.options import shown_of
from tickfire.client.channels.transport import ABNORMAL, AUTH_TOKEN_PREFIX, TransportClosed
from tickfire.client.errors import ConnectionFailedError, cause_of, refusal_of

_CLOSE_TIMEOUT_S: Final = 2.0
_READ_AHEAD: Final = 1_024  # messages


class _Discreet(logging.LoggerAdapter[logging.Logger]):
    """The log of websockets without its details, which hold tokens: addresses and headers."""

    def isEnabledFor(self, level: int) -> bool:
        return level > logging.DEBUG and super().isEnabledFor(level)


class WebSocketTransport:
    """One WebSocket connection.

    Parameters
    ----------
    endpoint : str
        Address of the socket, without ``/websocket``.
    query : list of (str, str)
        Params of the address.
    auth_token : str, or None
        Token, sent as a subprotocol.
    headers : mapping
        Further headers of the handshake.
    open_timeout_s : float
        Seconds until an attempt to connect is given up.
    ssl_context : SSLContext, or None
        For wss; None trusts the system's certificates.
    """

    name = "websocket"
    needs_heartbeat = True

    def __init__(
        self,
        endpoint: str,
        query: list[tuple[str, str]],
        auth_token: str | None,
        headers: Mapping[str, str],
        open_timeout_s: float,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        self._url = f"{endpoint}/websocket?{urlencode(query)}"
        self._shown = f"{shown_of(endpoint)}/websocket"
        self._options: dict[str, Any] = {
            "additional_headers": dict(headers),
            "logger": _Discreet(logging.getLogger("websockets.client")),
        }
        if auth_token is not None:
            encoded = base64.b64encode(auth_token.encode()).decode().rstrip("=")
            protocols = [Subprotocol("phoenix"), Subprotocol(AUTH_TOKEN_PREFIX + encoded)]
            self._options["subprotocols"] = protocols
        if ssl_context is not None:
            self._options["ssl"] = ssl_context
        self._open_timeout_s = open_timeout_s
        self._socket: ClientConnection | None = None
        self._outgoing: asyncio.Queue[str | bytes] = asyncio.Queue()
        self._writer: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Connect."""
        try:
            self._socket = await connect(
                self._url,
                open_timeout=self._open_timeout_s,
                close_timeout=_CLOSE_TIMEOUT_S,
                ping_interval=None,  # the protocol has heartbeats of its own
                max_size=None,
                max_queue=_READ_AHEAD,
                **self._options,
            )
        except InvalidStatus as error:
            raise _refusal(self._shown, error) from None
        except InvalidURI as error:  # whose own text has the whole address
            raise ConnectionFailedError(f"{self._shown} is no address: {error.msg}") from None
        except (OSError, TimeoutError, WebSocketException, EOFError) as error:
            raise ConnectionFailedError(
                f"{self._shown} cannot be reached: {cause_of(error)}"
            ) from None
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


def _refusal(url: str, error: InvalidStatus) -> ConnectionFailedError:
    response = error.response
    body = (response.body or b"").decode("utf8", "replace").strip()[:200]
    return ConnectionFailedError(refusal_of(url, response.status_code, body), response.status_code)
