"""The HTTP protocol class for uvicorn whose WebSocket upgrades cost little.

Nearly every client sends its request for a WebSocket whole, in one read. Such a request is parsed
once, with nothing made but its head, which the WebSocket protocol takes as it is. Everything else,
plain HTTP above all, is left to uvicorn's own protocol, from the first byte on.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from tickfire.phoenix.transports.uvicorn.protocol import PhoenixProtocol
from tickfire.phoenix.transports.uvicorn.upgrade import RequestHead, peer_of

if TYPE_CHECKING:
    from uvicorn.config import Config
    from uvicorn.server import ServerState

MAX_WHOLE: Final = 8_192
"""Size of a request for a WebSocket, in bytes, up to which it is parsed at once."""

_NOT_IN_UPGRADES: Final = frozenset((b"content-length", b"transfer-encoding", b"expect"))


class PhoenixHTTP(HttpToolsProtocol):
    """Protocol of one HTTP connection; its signature is prescribed by uvicorn.

    ``uvicorn.run(app, http=PhoenixHTTP, ws=PhoenixProtocol)``. It is uvicorn's own protocol, which
    is not set up before the connection turns out to need it.

    Attributes
    ----------
    is_set_up : bool
        True once uvicorn's protocol is set up.
    """

    # Values until uvicorn's protocol is set up, for what may happen to a connection before.
    cycle: Any = None
    flow: Any = None
    parser: Any = None
    timeout_keep_alive_task: asyncio.TimerHandle | None = None
    is_set_up = False
    _head: RequestHead | None = None

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        self.config = config
        self.server_state = server_state
        self.connections = server_state.connections
        self.app_state = app_state
        self.loop = _loop or asyncio.get_running_loop()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take note of the connection."""
        self.transport = transport
        self.client = peer_of(transport)
        self.connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Handle the end of the connection, by either side."""
        if self.is_set_up:
            super().connection_lost(exc)
        else:
            self.connections.discard(self)

    def data_received(self, data: bytes) -> None:
        """Upgrade the connection if `data` is a whole request for it, or parse it as HTTP."""
        if self.is_set_up or not self.upgrade_at_once(data):
            super().data_received(data)

    def pause_writing(self) -> None:
        """Let responses wait."""
        if self.flow is not None:
            super().pause_writing()

    def resume_writing(self) -> None:
        """Let responses go on."""
        if self.flow is not None:
            super().resume_writing()

    # --- upgrades
    def upgrade_at_once(self, data: bytes) -> bool:
        """Upgrade a new connection if `data` is a whole request for it.

        Otherwise set uvicorn's protocol up, which is to parse `data`, and return False.
        """
        head = None
        if len(data) <= MAX_WHOLE and self.config.ws_protocol_class is not None:
            head = read_upgrade(data)
        if head is None or head.fault() is not None or not self.admits(head):
            self._set_up()
            return False
        self._head, self.headers = head, head.headers
        self.handle_websocket_upgrade()
        return True

    def admits(self, head: RequestHead) -> bool:
        """Return whether a connection may be upgraded without uvicorn's protocol."""
        return True

    def handle_websocket_upgrade(self) -> None:
        """Hand the connection over to the WebSocket protocol."""
        head, self._head = self._head, None
        if head is None:
            super().handle_websocket_upgrade()
            return
        self.connections.discard(self)
        protocol: Any = self.config.ws_protocol_class(  # type: ignore[misc, call-arg]
            config=self.config, server_state=self.server_state, app_state=self.app_state
        )
        protocol.connection_made(self.transport)
        if isinstance(protocol, PhoenixProtocol):
            protocol.upgrade(head)
        else:
            protocol.data_received(head.encode())
        self.transport.set_protocol(protocol)

    def _set_up(self) -> None:
        """Set uvicorn's protocol up, as for a new connection."""
        self.is_set_up, transport = True, self.transport
        HttpToolsProtocol.__init__(self, self.config, self.server_state, self.app_state, self.loop)
        HttpToolsProtocol.connection_made(self, transport)


class _Reader:
    """Receiver of what a parser finds in a request; the methods' names are httptools'."""

    __slots__ = ("headers", "url")

    def __init__(self) -> None:
        self.url = b""
        self.headers: list[tuple[bytes, bytes]] = []

    def on_url(self, url: bytes) -> None:
        """Take a part of the target."""
        self.url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header."""
        self.headers.append((name.lower(), value))


def read_upgrade(data: bytes) -> RequestHead | None:
    """Return the head if `data` is exactly one request for a WebSocket, without a body."""
    reader = _Reader()
    parser = httptools.HttpRequestParser(reader)
    try:
        parser.feed_data(data)
    except httptools.HttpParserUpgrade as upgrade:
        if upgrade.args[0] != len(data) or parser.get_http_version() != "1.1":
            return None
    except httptools.HttpParserError:
        return None
    else:
        return None
    protocol = None
    for name, value in reader.headers:
        if name == b"upgrade":
            protocol = value
        elif name in _NOT_IN_UPGRADES:
            return None
    if protocol is None or protocol.lower() != b"websocket":
        return None
    return RequestHead(parser.get_method().decode(), reader.url, reader.headers, len(data))
