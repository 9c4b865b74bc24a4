"""WebSockets on any ASGI server, by its messages: the same session without the fast lane.

What only our own protocol class can do is different here: pings do not count against idleness, the
limit of a frame is one of the whole message, and how a refusal looks is the server's affair.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable
from typing import Any

from starlette.types import Receive, Send

from tickfire.phoenix.core.interfaces import Transport
from tickfire.phoenix.core.session import Session
from tickfire.phoenix.transports.handshake import Accepted
from tickfire.phoenix.transports.options import ConnectionOptions
from tickfire.phoenix.wire.close_codes import CloseCode
from tickfire.phoenix.wire.frames import Opcode, split_frames


async def serve_websocket(
    receive: Receive,
    send: Send,
    make_session: Callable[[Transport], Session],
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
    receive: Receive, session: Session, transport: _AsgiTransport, options: ConnectionOptions
) -> None:
    """Give the client's messages to the session, until it goes or is idle."""
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
    """Queues what the session writes, for a task that sends it."""

    def __init__(self, send: Send, options: ConnectionOptions) -> None:
        self.session: Session | None = None
        self.may_read = asyncio.Event()
        self.may_read.set()
        self.write: Callable[[bytes], None] = self._write
        self._send = send
        self._high_water, self._low_water = options.high_water, options.low_water
        self._queue: deque[tuple[int, bytes]] = deque()
        self._size = 0
        self._news = asyncio.Event()
        self._code: int | None = None
        self.stop_reading: Callable[[], object] = lambda: None

    # --- the task
    async def send_all(self) -> None:
        """Send what is queued, until the connection is closed or cannot be sent to."""
        with contextlib.suppress(OSError):  # what servers raise when the client has gone
            while await self._has_work():
                opcode, payload = self._queue.popleft()
                await self._send(_message(opcode, payload))
                self._size -= len(payload)
                if self._size < self._low_water and self.session and self.session.congested:
                    self.session.set_congested(False)
            if self._code != CloseCode.ABNORMAL:
                await self._send({"type": "websocket.close", "code": self._code})

    async def _has_work(self) -> bool:
        """Wait for something to send; False if the connection is to be closed."""
        while not self._queue and self._code is None:
            self._news.clear()
            await self._news.wait()
        return bool(self._queue) and self._code != CloseCode.ABNORMAL

    def end(self) -> None:
        """Send nothing more, if it has not been closed already."""
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
        """Return the number of bytes that wait to be sent."""
        return self._size

    def close(self, code: int) -> None:
        """Close in order, after what is queued.

        Some servers hold a close back while the application waits for a message.
        """
        if self._code is None:
            self._code = code
            self._news.set()
            self.stop_reading()

    def abort(self) -> None:
        """Give the connection up."""
        self._code = CloseCode.ABNORMAL
        self._news.set()

    def pause_reading(self) -> None:
        """Take no more of the client's messages for now."""
        self.may_read.clear()

    def resume_reading(self) -> None:
        """Take the client's messages again."""
        self.may_read.set()


def _message(opcode: int, payload: bytes) -> dict[str, Any]:
    if opcode == Opcode.TEXT:
        return {"type": "websocket.send", "text": payload.decode()}
    return {"type": "websocket.send", "bytes": payload}
