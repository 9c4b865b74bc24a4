"""The WebSocket protocol class for uvicorn: `uvicorn.run(app, ws=PhoenixProtocol)`.

The ASGI application runs for the handshake only (see opening.py). Once a Phoenix route has accepted
the connection, `data_received` passes the client's messages to the session by direct calls. No
task, queue, scope or request is kept: an idle connection consists of this object, its transport,
its session and its channels.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from tickfire.phoenix.core.interfaces import ClientSession
from tickfire.phoenix.transports.drain import Drainer
from tickfire.phoenix.transports.idle import IdleWheel
from tickfire.phoenix.transports.options import ConnectionOptions
from tickfire.phoenix.transports.uvicorn.opening import Opening
from tickfire.phoenix.transports.uvicorn.upgrade import RequestHead
from tickfire.phoenix.wire.close_codes import CloseCode
from tickfire.phoenix.wire.frames import Opcode, frame_close, frame_control
from tickfire.phoenix.wire.websocket import VIOLATION, FrameReader, close_reply

if TYPE_CHECKING:
    from uvicorn.config import Config
    from uvicorn.server import ServerState


# Time allowed to a client to close its side after the close frame.
LINGER_S = 2.0

# The same for a client that is too slow, which is to find the close frame once it reads on.
SLOW_LINGER_S = 15.0

# Reading from a congested client is paused while more than this is waiting to be sent to it.
READ_PAUSE_BYTES = 1 << 20

_TEXT, _BINARY = int(Opcode.TEXT), int(Opcode.BINARY)

# Reasons to pause reading; several may apply at a time.
_BACKLOG, _UNREAD = 1, 2


def _drop(frames: bytes) -> None:
    """Drop frames for a client that has gone."""


class PhoenixProtocol(asyncio.Protocol):
    """Protocol of one connection; its signature is prescribed by uvicorn."""

    __slots__ = (
        "_closing", "_connections", "_drainer", "_holds", "_linger", "_opening", "_reader",
        "_session", "_wheel", "last_seen", "transport", "write",
    )  # fmt: skip

    kind = "websocket"
    write: Callable[[bytes], None]
    _reader: FrameReader

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        self._connections = cast("set[Any]", server_state.connections)
        self._opening: Opening | None = Opening(self, config, server_state, app_state)
        self._session: ClientSession | None = None
        self._wheel: IdleWheel | None = None
        self._drainer: Drainer | None = None
        self._linger: asyncio.TimerHandle | None = None
        self._closing = False
        self._holds = 0
        self.last_seen = 0

    # --- asyncio
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take over the transport from the HTTP protocol."""
        self.transport = cast(asyncio.Transport, transport)
        self.write = self.transport.write
        self._connections.add(self)

    def upgrade(self, head: RequestHead) -> None:
        """Handle the request, parsed by `PhoenixHTTP`."""
        if self._opening is not None:
            self._opening.begin(head)

    def data_received(self, data: bytes) -> None:
        """Handle the request, passed on by the HTTP protocol, then bytes from the client."""
        session, wheel = self._session, self._wheel
        if session is None or wheel is None:
            if self._opening is not None:
                self._opening.feed(data)
            return
        if self._closing:
            return
        self.last_seen = wheel.now
        event = self._reader.read_whole(data)
        if event is not None:
            session.receive(event[1], event[0] == _BINARY)
        else:
            self._take(session, data)
        if session.congested:
            self._read_no_more_than_is_taken()

    def eof_received(self) -> bool | None:
        """Return None, so that the transport closes itself."""
        return None

    def pause_writing(self) -> None:
        """Mark the session as congested: the transport has passed its high-water mark."""
        if self._session is not None:
            self._session.set_congested(True)

    def resume_writing(self) -> None:
        """End the congestion: the transport has drained below its low-water mark."""
        if self._session is not None:
            self._session.set_congested(False)
            self._release(_UNREAD)

    def connection_lost(self, exc: Exception | None) -> None:
        """Handle the end of the connection, by either side."""
        self._closing = True
        self.write = _drop  # some loops raise an error for each later write
        self._connections.discard(self)
        if self._linger is not None:
            self._linger.cancel()
        opening, self._opening = self._opening, None
        if opening is not None:
            opening.lost()
        if self._wheel is not None:
            self._wheel.remove(self)
        session, self._session = self._session, None  # so that neither outlives the other
        if session is not None:
            session.lost()

    # --- uvicorn
    def shutdown(self) -> None:
        """Close the connection because the server is shutting down; phoenix.js reconnects."""
        if self._linger is not None:
            self._wait_for_client(LINGER_S)
        elif self._session is not None and self._drainer is not None:
            self._drainer.drain(partial(self.fail, CloseCode.SERVICE_RESTART))
        elif self._opening is not None:
            self._opening.shutdown()

    # --- the handshake's end
    def open(
        self, session: ClientSession, options: ConnectionOptions, early: bytes, *, deflate: bool
    ) -> None:
        """Start serving a session; `early` holds bytes that the client sent after its request."""
        self._opening = None
        self._session = session
        self._wheel = options.wheel
        self._drainer = options.drainer
        self._reader = FrameReader(
            options.max_frame_size, options.max_message_size, deflate=deflate
        )
        self.transport.set_write_buffer_limits(options.high_water, options.low_water)
        options.wheel.add(self)
        if early:
            self.data_received(early)

    def hand_over(self) -> asyncio.Transport:
        """Return the transport, for another protocol to take over."""
        self._opening = None
        self._connections.discard(self)
        return self.transport

    # --- the session's transport
    def buffered(self) -> int:
        """Return the number of bytes waiting to be sent."""
        return self.transport.get_write_buffer_size()

    def close(self, code: int, reason: str = "") -> None:
        """Send a close frame, end the server's side, and wait briefly for the client's.

        Closing the socket at once would reset the connection if the client has sent more data in
        the meantime, and the client might never receive the close frame.
        """
        if self._closing:
            return
        self.write(frame_close(code, reason))
        self.finish(SLOW_LINGER_S if code == CloseCode.TRY_AGAIN_LATER else LINGER_S)

    def finish(self, linger_s: float = LINGER_S) -> None:
        """End the server's side of the connection."""
        self._closing = True
        transport = self.transport
        if transport.is_closing():
            return
        if self._holds:
            self._holds = 0
            transport.resume_reading()
        if transport.can_write_eof():
            try:
                transport.write_eof()
            except OSError:  # the client has gone, but the loop has not reported it yet
                transport.abort()
                return
            self._wait_for_client(linger_s)
        else:
            transport.close()

    def _wait_for_client(self, linger_s: float) -> None:
        if self._linger is not None:
            self._linger.cancel()
        loop = asyncio.get_running_loop()
        self._linger = loop.call_later(linger_s, self.transport.abort)

    def abort(self) -> None:
        """Drop the connection without a close frame."""
        self._closing = True
        self.transport.abort()

    def pause_reading(self) -> None:
        """Pause reading from the client."""
        self._hold(_BACKLOG)

    def resume_reading(self) -> None:
        """Resume reading."""
        self._release(_BACKLOG)

    def expire(self) -> None:
        """Close after the idle timeout, with the same close code as Phoenix."""
        self.fail(CloseCode.PROTOCOL_ERROR)

    def fail(self, code: int) -> None:
        """Close the session with a close code."""
        if self._session is not None:
            self._session.close(code)

    # --- details
    def _take(self, session: ClientSession, data: bytes) -> None:
        for opcode, payload in self._reader.feed(data):
            if opcode == _TEXT or opcode == _BINARY:
                session.receive(payload, opcode == _BINARY)
            else:
                self._take_control(session, opcode, payload)
            if self._closing:
                return

    def _read_no_more_than_is_taken(self) -> None:
        if not self._closing and self.buffered() > READ_PAUSE_BYTES:
            self._hold(_UNREAD)

    def _take_control(self, session: ClientSession, opcode: int, payload: bytes) -> None:
        if opcode == Opcode.PING:
            self.write(frame_control(Opcode.PONG, payload))
            session.control("ping", payload)
        elif opcode == Opcode.PONG:
            session.control("pong", payload)
        elif opcode == Opcode.CLOSE:
            self.fail(close_reply(payload))
        elif opcode == VIOLATION:
            self.fail(int.from_bytes(payload, "big"))

    def _hold(self, reason: int) -> None:
        if not self._holds and not self._closing:
            self.transport.pause_reading()
        self._holds |= reason

    def _release(self, reason: int) -> None:
        if not self._holds:
            return
        self._holds &= ~reason
        if not self._holds and not self._closing:
            self.transport.resume_reading()
