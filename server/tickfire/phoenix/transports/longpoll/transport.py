"""Transport of one long-poll client, which keeps messages until the next poll."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence

from tickfire.phoenix.core.interfaces import ClientSession
from tickfire.phoenix.transports.longpoll.options import Leave, LongPollOptions
from tickfire.phoenix.wire.close_codes import CloseCode
from tickfire.phoenix.wire.frames import Opcode, split_frames

type Entry = tuple[bytes, bool]
"""A frame from the client: its payload, and whether it is binary."""

# Close codes for a frame that cannot be decoded.
UNDECODABLE = (CloseCode.INVALID_DATA, CloseCode.INTERNAL_ERROR)

# Number of windows without a poll after which a session ends.
WINDOWS_TO_LIVE = 1.5


def _drop(frames: bytes) -> None:
    """Drop the frames of a session that has ended."""


class LongPollTransport:
    """Transport of a session whose client polls.

    Parameters
    ----------
    make_session
        Function that makes the session on this transport.
    options
        The socket's options.
    on_end
        Called when the session has ended, with its close code.
    """

    kind = "longpoll"

    def __init__(
        self,
        make_session: Callable[[LongPollTransport], ClientSession],
        options: LongPollOptions,
        on_end: Leave,
    ) -> None:
        self._options = options
        self._on_end = on_end
        self._messages: list[bytes] = []
        self._size = 0
        self._poll: asyncio.Future[None] | None = None
        self._reading = asyncio.Event()
        self._reading.set()
        self._undecodable = False
        self._closed = False
        self._loop = asyncio.get_running_loop()
        self._last_poll_s = self._loop.time()
        self._timer = self._loop.call_later(self._time_to_live_s, self._check_alive)
        self.write: Callable[[bytes], None] = self._write
        self._session: ClientSession | None = make_session(self)

    @property
    def _time_to_live_s(self) -> float:
        return self._options.window_s * WINDOWS_TO_LIVE

    # --- requests
    async def poll(self) -> list[bytes]:
        """Return messages for the client, as soon as there are any, or [] at the end of the window.

        A new poll ends an earlier one that is still waiting, which returns [].
        """
        self._last_poll_s = self._loop.time()
        if not self._messages and not self._closed:
            self._poll = waiting = self._loop.create_future()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._options.window_s):
                    await waiting
            if self._poll is not waiting:
                return []
            self._poll = None
        return self._take_messages()

    def hang_up(self) -> None:
        """End the poll that waits; messages from now on are kept for the next one."""
        waiting, self._poll = self._poll, None
        if waiting is not None and not waiting.done():
            waiting.set_result(None)

    async def dispatch(self, entries: Sequence[Entry]) -> bool:
        """Handle frames from the client; return False if that takes longer than a window."""
        try:
            async with asyncio.timeout(self._options.window_s):
                for payload, binary in entries:
                    await self._dispatch_one(payload, binary)
        except TimeoutError:
            return False
        return True

    async def _dispatch_one(self, payload: bytes, binary: bool) -> None:
        most = self._options.max_message_size
        session = self._session
        if session is None:
            return
        if most is not None and len(payload) > most:
            session.close(CloseCode.MESSAGE_TOO_BIG)
        session.receive(payload, binary)
        if self._undecodable:
            await self._loop.create_future()  # like Phoenix, send no response before the timeout
        await session.settled()
        await self._reading.wait()

    def _take_messages(self) -> list[bytes]:
        messages, self._messages, self._size = self._messages, [], 0
        if self._session is not None and self._session.congested:
            self._session.set_congested(False)
        return messages

    def shut_down(self) -> None:
        """End the session because the server is about to stop."""
        if self._session is not None:
            self._session.close(CloseCode.SERVICE_RESTART)

    # --- the session's transport
    def _write(self, frames: bytes) -> None:
        self._messages += [
            payload for opcode, payload in split_frames(frames) if opcode <= Opcode.BINARY
        ]
        self._size += len(frames)
        self._wake_poll()
        session = self._session
        if session is not None and self._size > self._options.high_water and not session.congested:
            session.set_congested(True)

    def buffered(self) -> int:
        """Return the number of bytes waiting for a poll."""
        return self._size

    def close(self, code: int, reason: str = "") -> None:
        """End the connection; the close code and reason are not sent to the client."""
        self._undecodable = code in UNDECODABLE
        self._end(code)

    def abort(self) -> None:
        """End the connection, and the session with it."""
        session = self._session
        self._end(None)
        if session is not None:
            session.lost()

    def pause_reading(self) -> None:
        """Delay the responses to requests that carry frames."""
        self._reading.clear()

    def resume_reading(self) -> None:
        """Resume handling frames from the client."""
        self._reading.set()

    # --- the end
    def _check_alive(self) -> None:
        if self._loop.time() - self._last_poll_s > self._time_to_live_s:
            self.abort()
        else:
            self._timer = self._loop.call_later(self._time_to_live_s, self._check_alive)

    def _end(self, code: int | None) -> None:
        if self._closed:
            return
        self._closed = True
        self._session, self.write = None, _drop  # so that nothing refers to itself
        self._timer.cancel()
        self._reading.set()
        self._wake_poll()
        self._on_end(code)

    def _wake_poll(self) -> None:
        if self._poll is not None and not self._poll.done():
            self._poll.set_result(None)
