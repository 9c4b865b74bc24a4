"""WebSocket transport for any ASGI server, by ASGI messages.

It differs from `PhoenixProtocol` in a few ways: pings do not reset the idle timeout, the limit on
frames applies to whole messages, and the format of refusals depends on the server.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable
from typing import Any

from starlette.types import Receive, Send

from tickfire.phoenix.core.interfaces import ClientSession, Transport
from tickfire.phoenix.transports.handshake import Accepted
from tickfire.phoenix.transports.options import ConnectionOptions
from tickfire.phoenix.wire.close_codes import CloseCode
from tickfire.phoenix.wire.frames import Opcode, split_frames


async def serve_websocket(
    receive: Receive,
    send: Send,
    make_session: Callable[[Transport], ClientSession],
    accepted: Accepted,
    options: ConnectionOptions,
) -> None:
    """Serve one connection until it ends."""
    await receive()  # websocket.connect
    await send({"type": "websocket.accept", "subprotocol": accepted.subprotocol, "headers": []})
    transport = _AsgiTransport(send, options)
    session = transport.session = make_session(transport)
    writing = asyncio.create_task(transport.send_all())
    reading = asyncio.create_task(_read(receive, session, transport, options))
    transport.stop_reading = reading.cancel
    try:
        await asyncio.wait((writing, reading), return_when=asyncio.FIRST_COMPLETED)
    finally:
        session.lost()
        transport.end()
        reading.cancel()
        await asyncio.gather(reading, writing, return_exceptions=True)


async def _read(
    receive: Receive, session: ClientSession, transport: _AsgiTransport, options: ConnectionOptions
) -> None:
    """Pass the client's messages to the session, until the client disconnects or is idle."""
    limits = [size for size in (options.max_frame_size, options.max_message_size) if size]
    limit = min(limits, default=None)
    while True:
        try:
            async with asyncio.timeout(options.wheel.timeout_s):
                message = await receive()
        except TimeoutError:
            session.close(CloseCode.PROTOCOL_ERROR)
            return
        if message["type"] == "websocket.disconnect":
            return
        text: str | None = message.get("text")
        payload: bytes = message["bytes"] if text is None else text.encode()
        if limit is not None and len(payload) > limit:
            session.close(CloseCode.MESSAGE_TOO_BIG)
            return
        session.receive(payload, text is None)
        if session.closed:
            return
        await transport.may_read.wait()


class _AsgiTransport:
    """Transport that queues the session's frames for a task that sends them."""

    kind = "websocket"

    def __init__(self, send: Send, options: ConnectionOptions) -> None:
        self.session: ClientSession | None = None
        self.may_read = asyncio.Event()
        self.may_read.set()
        self.write: Callable[[bytes], None] = self._write
        self._send = send
        self._high_water, self._low_water = options.high_water, options.low_water
        self._queue: deque[tuple[int, bytes]] = deque()
        self._size = 0
        self._news = asyncio.Event()
        self._code: int | None = None
        self._reason = ""
        self.stop_reading: Callable[[], object] = lambda: None

    # --- the task
    async def send_all(self) -> None:
        """Send queued frames until the connection is closed or sending fails."""
        with contextlib.suppress(OSError):  # raised by servers when the client has gone
            while await self._has_work():
                opcode, payload = self._queue.popleft()
                await self._send(_message(opcode, payload))
                self._size -= len(payload)
                if self._size < self._low_water and self.session and self.session.congested:
                    self.session.set_congested(False)
            if self._code != CloseCode.ABNORMAL:
                await self._send(_closing(self._code, self._reason))

    async def _has_work(self) -> bool:
        """Wait for frames to send; return False if the connection is to be closed instead."""
        while not self._queue and self._code is None:
            self._news.clear()
            await self._news.wait()
        return bool(self._queue) and self._code != CloseCode.ABNORMAL

    def end(self) -> None:
        """Stop sending, unless the connection is being closed already."""
        if self._code is None:
            self.abort()

    # --- the session's transport
    def _write(self, frames: bytes) -> None:
        for opcode, payload in split_frames(frames):
            self._queue.append((opcode, payload))
            self._size += len(payload)
        self._news.set()
        if self._size > self._high_water and self.session and not self.session.congested:
            self.session.set_congested(True)

    def buffered(self) -> int:
        """Return the number of bytes waiting to be sent."""
        return self._size

    def close(self, code: int, reason: str = "") -> None:
        """Close the connection cleanly, after the queued frames.

        Reading is stopped because some servers delay the close while the application is waiting
        for a message.
        """
        if self._code is None:
            self._code, self._reason = code, reason
            self._news.set()
            self.stop_reading()

    def abort(self) -> None:
        """Drop the connection, and the queued frames."""
        self._code = CloseCode.ABNORMAL
        self._news.set()

    def pause_reading(self) -> None:
        """Pause reading from the client."""
        self.may_read.clear()

    def resume_reading(self) -> None:
        """Resume reading from the client."""
        self.may_read.set()


def _closing(code: int | None, reason: str) -> dict[str, Any]:
    message = {"type": "websocket.close", "code": code}
    return {**message, "reason": reason} if reason else message


def _message(opcode: int, payload: bytes) -> dict[str, Any]:
    if opcode == Opcode.TEXT:
        return {"type": "websocket.send", "text": payload.decode()}
    return {"type": "websocket.send", "bytes": payload}
