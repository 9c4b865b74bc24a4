"""`LimitedHTTP`: an HTTP protocol with bounds on the head of a request and on its time.

A connection is in one of these states:

========= ================================= ==================================================
state     entered                           ends
========= ================================= ==================================================
admitted  when it is made                   with the connection, or refused
guest     when it is made beyond a limit    after one response, or refused
refused   for a `Cause`                     when the client has read the response, or in 2 s
upgraded  by a request for a WebSocket      its `LimitedWebSocket` takes over
========= ================================= ==================================================
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

import httptools
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from tickfire.phoenix import PhoenixHTTP
from tickfire.phoenix.transports.uvicorn.upgrade import (
    MAX_HEADER_LINE,
    MAX_HEADERS,
    MAX_REQUEST_LINE,
    RequestHead,
)
from tickfire.server.limits.admission import Admission
from tickfire.server.limits.causes import (
    BAD_REQUEST,
    HEADERS,
    PIPELINE,
    REQUEST_LINE,
    STALLED,
    TIMEOUT,
    Cause,
)
from tickfire.server.limits.websocket import LimitedWebSocket

if TYPE_CHECKING:
    from uvicorn.config import Config
    from uvicorn.server import ServerState

MAX_HEAD: Final = 64 << 10
MAX_WAITING: Final = 16
"""Requests that a client may send ahead of the responses to those before."""
GUEST_S: Final = 1.0
"""Time in which a guest must have sent its request."""
LINGER_S: Final = 2.0
LINGER_BYTES: Final = 1 << 20
"""Bytes that are read from a refused client, which may be sending still, and dropped: were its
socket closed at once, the system would discard the response."""
STALL_S: Final = 30.0
"""Time after which a client that does not read a response is dropped."""
HEALTH_PATHS: Final = (b"/healthz", b"/readyz", b"/metrics")


class LimitedHTTP(PhoenixHTTP):
    """HTTP connection within limits.

    Parameters
    ----------
    admission : Admission
    config, server_state, app_state, _loop
        As uvicorn prescribes.
    """

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
        self._client: str | None = None
        self._beyond: Cause | None = None
        self._fault: Cause | None = None
        self._refused = False
        self._in_head = False
        self._head_size = 0
        self._dropped = 0
        self._deadline: asyncio.TimerHandle | None = None
        self._stall: asyncio.TimerHandle | None = None
        self._running: RequestResponseCycle | None = None

    @property
    def awaits_request(self) -> bool:
        """True if the client has connected, but has not sent its first request."""
        return self.cycle is None and not self._refused

    @property
    def _responds(self) -> bool:
        return self._running is not None

    @property
    def _peer(self) -> str:
        return self.client[0] if self.client else ""

    # --- the connection
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Admit the connection, or receive it as a guest."""
        super().connection_made(transport)
        self._client = self._admission.client(self._peer)
        self._beyond = self._admission.admit(self._client)
        if self._beyond is not None:
            self._admission.receive_guest(self)
        self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Discount the connection, which has ended."""
        self._cancel_deadline()
        self._cancel_stall()
        self._unset_keepalive_if_required()
        if self._beyond is not None:
            self._admission.dismiss_guest(self)
        else:
            self._admission.leave(self._client)
        if self._running is not None and self._running is not self.cycle:
            # uvicorn tells only the request that came last.
            self._running.disconnected = True
            self._running.message_event.set()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse a part of a request, or drop it once the connection is refused."""
        if self._refused:
            self._drop(len(data))
            return
        if not self.is_set_up and self.upgrade_at_once(data):
            return
        if self._in_head:
            self._head_size += len(data)
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            if self._should_upgrade():
                self.handle_websocket_upgrade()
        except httptools.HttpParserError:
            self._refuse(self._fault or BAD_REQUEST)
        else:
            if self._in_head and self._head_size > MAX_HEAD:
                self._refuse(HEADERS)

    def shutdown(self) -> None:
        """Close the connection after the present response; polls that wait are answered now."""
        self._admission.stop()
        super().shutdown()

    # --- the head of a request
    def admits(self, head: RequestHead) -> bool:
        """End the time for the request; leave that of a guest to the steps below."""
        if self._beyond is not None:
            return False
        self._cancel_deadline()
        return True

    def on_message_begin(self) -> None:
        """Begin to bound the head."""
        super().on_message_begin()
        self._unset_keepalive_if_required()
        self._in_head, self._head_size = True, 0
        if self._deadline is None:
            self._expect_head()

    def on_url(self, url: bytes) -> None:
        """Take a part of the request line."""
        super().on_url(url)
        if len(self.url) > MAX_REQUEST_LINE:
            self._stop_parsing(REQUEST_LINE)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header."""
        super().on_header(name, value)
        if len(name) + len(value) > MAX_HEADER_LINE or len(self.headers) > MAX_HEADERS:
            self._stop_parsing(HEADERS)

    def on_headers_complete(self) -> None:
        """Begin to respond, to a guest only about the health of the server."""
        self._in_head = False
        self._cancel_deadline()
        if self._beyond is not None and not self._asks_for_health():
            self._stop_parsing(self._beyond)
        if len(self.pipeline) >= MAX_WAITING:
            self._stop_parsing(PIPELINE)
        super().on_headers_complete()
        if self._running is None and not self._asks_for_websocket():
            self._running = self.cycle
        if self._beyond is not None:
            self.cycle.keep_alive = False

    def on_response_complete(self) -> None:
        """Go on with the next request, if the client has sent one."""
        self._running = self.pipeline[-1][0] if self.pipeline else None
        super().on_response_complete()

    def _asks_for_health(self) -> bool:
        path = self.url.partition(b"?")[0]
        return path.endswith(HEALTH_PATHS) and not self._asks_for_websocket()

    def _asks_for_websocket(self) -> bool:
        return self.parser.should_upgrade() and self._should_upgrade()

    def _stop_parsing(self, cause: Cause) -> None:
        """Let the parser raise, so that the rest of the bytes is not parsed."""
        self._fault = cause
        raise ValueError(cause.text)

    def handle_websocket_upgrade(self) -> None:
        """Hand the connection over, counted for the client that a trusted proxy names."""
        if self._responds:
            self._refuse(BAD_REQUEST)  # its response would be written among the frames
            return
        client = self._client or self._admission.client(self._peer, self._forwarded())
        cause = self._admission.connect(client)
        if cause is None and self._client is None:
            cause = self._admission.claim(client)
        if cause is not None:
            self._refuse(cause, client)
            return
        self._cancel_stall()
        super().handle_websocket_upgrade()
        protocol = self.transport.get_protocol()
        assert isinstance(protocol, LimitedWebSocket)
        protocol.client = client

    def _forwarded(self) -> list[str]:
        values = [value for name, value in self.headers if name == b"x-forwarded-for"]
        return b",".join(values).decode("latin-1").split(",") if values else []

    # --- refusals
    def _expect_head(self) -> None:
        seconds = GUEST_S if self._beyond is not None else self._admission.limits.handshake_s
        self._deadline = self.loop.call_later(seconds, self._expire)

    def _expire(self) -> None:
        self._refuse(self._beyond or TIMEOUT)

    def _refuse(self, cause: Cause, client: str | None = None) -> None:
        """Respond with a status, and end the connection once the client has had time to read it."""
        self._refused, self._in_head = True, False
        self._cancel_deadline()
        self._unset_keepalive_if_required()
        self._admission.refusals.add(cause, client or self._peer)
        if self._responds:
            self.transport.abort()
        elif not self.transport.is_closing():
            self.transport.write(cause.response())
            self._linger()

    def _linger(self) -> None:
        try:
            self.transport.write_eof()
        except OSError:  # the client has gone, but the loop has not reported it yet
            self.transport.abort()
        else:
            self._deadline = self.loop.call_later(LINGER_S, self.transport.abort)

    def _drop(self, size: int) -> None:
        if self._dropped <= LINGER_BYTES < self._dropped + size:
            self.transport.pause_reading()
        self._dropped += size

    def drop(self) -> None:
        """End the connection of a guest at once."""
        self.transport.abort()

    def _cancel_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    # --- responses that are not read
    def pause_writing(self) -> None:
        """Start to wait for the client to read."""
        super().pause_writing()
        self._stall = self.loop.call_later(STALL_S, self._give_up)

    def resume_writing(self) -> None:
        """Go on with the response."""
        super().resume_writing()
        self._cancel_stall()

    def _give_up(self) -> None:
        self._admission.refusals.add(STALLED, self._peer)
        self.transport.abort()

    def _cancel_stall(self) -> None:
        if self._stall is not None:
            self._stall.cancel()
            self._stall = None
