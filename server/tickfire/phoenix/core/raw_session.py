"""Session of a client whose socket is a `PhoenixTransport`."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, Final

from tickfire.phoenix.core.eager import run_eagerly
from tickfire.phoenix.core.errors import ResultError
from tickfire.phoenix.core.hub import Hub
from tickfire.phoenix.core.interfaces import Transport, is_overridden
from tickfire.phoenix.core.raw_socket import PhoenixTransport
from tickfire.phoenix.core.reasons import RESTART, is_orderly
from tickfire.phoenix.core.results import Stop
from tickfire.phoenix.core.session import MAX_BACKLOG
from tickfire.phoenix.wire.close_codes import CloseCode
from tickfire.phoenix.wire.frames import frame_binary, frame_text

logger = logging.getLogger(__name__)

_CLOSED: Final = "closed"

type _Callback = Callable[[], Coroutine[Any, Any, Any]]


class RawSession:
    """Session that passes frames to a `PhoenixTransport`, one at a time, and sends its answers.

    Parameters
    ----------
    hub
        The hub of the socket.
    user
        The application's object, already accepted.
    transport
        The connection to the client.
    compress
        Function that compresses finished frames, if the client asked for it.
    """

    def __init__(
        self,
        hub: Hub,
        user: PhoenixTransport,
        transport: Transport,
        compress: Callable[[bytes], bytes] | None = None,
    ) -> None:
        self.hub = hub
        self.closed = False
        self.congested = False
        self._user = user
        self._transport = transport
        self._compress = compress
        self._loop = asyncio.get_running_loop()
        self._mailbox: deque[_Callback] = deque((user.init,))
        self._busy = True
        self._began = False
        self._paused = False
        self._idle = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._about = {"connection": hub.stats.open()}
        user.connection = self
        self._loop.call_soon(self._run)  # when the handshake has been answered

    # --- the connection, for the application
    @property
    def kind(self) -> str:
        """The kind of the transport."""
        return self._transport.kind

    @property
    def buffered(self) -> int:
        """Number of bytes that wait to be sent."""
        return self._transport.buffered()

    def push(self, data: str | bytes) -> None:
        """Send text or bytes, or drop the connection if more than the write limit waits already."""
        frame = frame_text(data.encode()) if isinstance(data, str) else frame_binary(data)
        if self.closed:
            return
        if self.congested and self._transport.buffered() > self.hub.write_limit:
            self.hub.stats.aborted += 1
            self._transport.abort()
        else:
            self._transport.write(frame if self._compress is None else self._compress(frame))

    def send_info(self, message: Any) -> None:
        """Put a message into the mailbox."""
        self._take(partial(self._user.handle_info, message))

    def close(self, code: int = CloseCode.NORMAL, reason: str = "") -> None:
        """Close the connection with a close code."""
        if not self.closed:
            self._end(RESTART if code == CloseCode.SERVICE_RESTART else _CLOSED)
            self._transport.close(code, reason)

    # --- from the client
    def receive(self, data: bytes, binary: bool) -> None:
        """Handle the payload of one frame, or queue it while a callback runs."""
        self._take(partial(self._user.handle_in, data if binary else data.decode()))
        if len(self._mailbox) > MAX_BACKLOG and not self._paused:
            self._paused = True
            self._transport.pause_reading()

    def control(self, opcode: str, payload: bytes) -> None:
        """Handle a ping or pong."""
        if is_overridden(type(self._user).handle_control):
            self._take(partial(self._user.handle_control, opcode, payload))

    def set_congested(self, congested: bool) -> None:
        """Record whether the transport is congested."""
        self.congested = congested

    async def settled(self) -> None:
        """Wait until the frames so far have been handled."""
        while self._busy and not self.closed:
            self._idle.clear()
            await self._idle.wait()

    def lost(self) -> None:
        """End the session because the connection has ended."""
        if not self.closed:
            self._end(_CLOSED)

    # --- callbacks
    def _take(self, callback: _Callback) -> None:
        if not self.closed:
            self._post(callback)

    def _post(self, callback: _Callback) -> None:
        self._mailbox.append(callback)
        if not self._busy:
            self._busy = True
            self._run()

    def _run(self) -> None:
        self._task = run_eagerly(self._work(), self._loop)

    async def _work(self) -> None:
        """Handle the mailbox until it is empty; `terminate` is the last."""
        while self._mailbox:
            callback = self._mailbox.popleft()
            self._began = True
            await self.hub.turns.room()
            try:
                answer = await callback()
            except (Exception, asyncio.CancelledError) as error:
                logger.exception(
                    "a callback of %s failed", type(self._user).__name__, extra=self._about
                )
                self._stop(error)
            else:
                self._apply(answer)
        self._busy = False
        self._idle.set()
        if self._paused and not self.closed:
            self._paused = False
            self._transport.resume_reading()

    def _apply(self, answer: Any) -> None:
        if isinstance(answer, str | bytes | bytearray | memoryview):
            self.push(answer if isinstance(answer, str) else bytes(answer))
        elif isinstance(answer, Stop) and answer.reply is None:
            self._stop(answer.reason)
        elif answer is not None:
            error = ResultError(f"callbacks return str, bytes, Stop or None, got {answer!r}")
            text = "a callback of %s failed"
            name = type(self._user).__name__
            logger.error(text, name, exc_info=error, extra=self._about)
            self._stop(error)

    # --- the end
    def _stop(self, reason: Any) -> None:
        if self.closed:
            return
        self._mailbox.clear()
        self._end(reason)
        if reason == RESTART:
            code = CloseCode.SERVICE_RESTART
        else:
            code = CloseCode.NORMAL if is_orderly(reason) else CloseCode.INTERNAL_ERROR
        self._transport.close(code)

    def _end(self, reason: Any) -> None:
        """Send no more; handle what the client sent before the end, then `terminate`."""
        self.closed = True
        self.hub.stats.sessions -= 1
        self._idle.set()
        if not self._began:
            self._mailbox.clear()
        else:
            self._post(partial(self._user.terminate, reason))
