"""`Worker`: one worker, as the pool sees it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import time
from collections.abc import Callable
from typing import Final

from tickfire.server.scrapes.snapshot import Family, unpack
from tickfire.server.workers import wire
from tickfire.server.workers.wire import Lines, line

RECEIVE_BYTES: Final = 1 << 18


class Worker:
    """One worker.

    Attributes
    ----------
    pid : int
    number : int
        The number of its place, from 1, which its successor has too.
    started : float
        By the monotonic clock, in seconds.
    opened : asyncio.Event
        Set once its socket is open.
    ended : asyncio.Future of int or None
        Its exit code, -n for signal n; None if its template ended before, which would know it.
    silent_s : int
        Seconds since its event loop was last heard of, as counted by the pool.
    failure : str or None
        The reason why it cannot start.
    closing : asyncio.Event
        Set once it has begun to close its connections.
    connections : int
        Their number then.
    families : list of Family or None
        The newest metrics that it has sent.
    on_scrape : callable
        Called with the number of its question for the metrics of all workers.
    """

    def __init__(self, pid: int, number: int, channel: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        self.pid, self.number = pid, number
        self.started = time.monotonic()
        self.opened = asyncio.Event()
        self.ended: asyncio.Future[int | None] = loop.create_future()
        self.silent_s = 0
        self.failure: str | None = None
        self.closing = asyncio.Event()
        self.connections = 0
        self.families: list[Family] | None = None
        self.on_scrape: Callable[[int], None] = lambda number: None
        self._refreshed = asyncio.Event()
        self._unsent = bytearray()
        self._channel = channel
        self._lines = Lines()
        self._is_closed = self._is_orphan = False
        loop.add_reader(channel, self._hear)
        self._say(wire.NUMBER, number)

    def _hear(self) -> None:
        try:
            said = self._channel.recv(RECEIVE_BYTES)
        except BlockingIOError:
            return
        except OSError:
            said = b""
        self.silent_s = 0
        for word, argument in self._lines.feed(said):
            self._take(word, argument)
        if not said:
            self._is_closed = True
            self._forget()
            self._end_orphan()

    def _take(self, word: str, argument: str) -> None:
        if word == wire.OPEN:
            self.opened.set()
        elif word == wire.CLOSING:
            self.connections = int(argument)
            self.closing.set()
        elif word == wire.FAILED:
            self.failure = argument
        elif word == wire.METRICS:
            with contextlib.suppress(ValueError):  # of a version that this one does not know
                self.families = unpack(argument)
            self._refreshed.set()
        elif word == wire.SCRAPE:
            self.on_scrape(int(argument))

    def orphan(self) -> None:
        """Note that its template is gone, so that the end of the channel must tell its own."""
        self._is_orphan = True
        self._end_orphan()

    def _end_orphan(self) -> None:
        if self._is_orphan and self._is_closed:
            self.end(None)

    def end(self, code: int | None) -> None:
        """Note that it has ended."""
        if self.ended.done():
            return
        if not self._is_closed:
            self._hear()  # its last words, which may have come together with the news of its end
        self.ended.set_result(code)
        self.closing.set()
        self._refreshed.set()
        self._forget()
        self._channel.close()

    def _forget(self) -> None:
        loop = asyncio.get_running_loop()
        loop.remove_reader(self._channel)
        loop.remove_writer(self._channel)

    def leave(self) -> None:
        """Let it tell load balancers that it is about to stop."""
        self._say(wire.LEAVE)

    async def refresh(self) -> None:
        """Ask for its metrics, and wait until they are there or it has ended."""
        if not self.ended.done():
            self._refreshed.clear()
            self._say(wire.COLLECT)
            await self._refreshed.wait()

    def answer(self, number: int, text: bytes) -> None:
        """Send the metrics of all workers, for which it has asked."""
        self._send(wire.whole_line(wire.SCRAPED, f"{number} {json.dumps(text.decode())}"))

    def _say(self, word: str, argument: object = "") -> None:
        self._send(line(word, argument))

    def _send(self, data: bytes) -> None:
        """Send data after what waits; all of it waits while the worker does not read."""
        if self.ended.done() or self._is_closed:
            return
        if not self._unsent:
            asyncio.get_running_loop().add_writer(self._channel, self._flush)
        self._unsent += data
        self._flush()

    def _flush(self) -> None:
        with contextlib.suppress(OSError):  # it does not read, or has ended
            del self._unsent[: self._channel.send(self._unsent)]
        if not self._unsent:
            asyncio.get_running_loop().remove_writer(self._channel)

    def send(self, number: signal.Signals) -> None:
        """Send a signal, unless the worker has ended."""
        if not self.ended.done():
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    async def wait(self) -> int | None:
        """Wait until it has ended, and return its exit code."""
        return await asyncio.shield(self.ended)

    async def opens(self, timeout_s: float) -> bool:
        """Wait until its socket is open; return False if it ends before or takes too long."""
        opening = asyncio.ensure_future(self.opened.wait())
        try:
            await asyncio.wait(
                (opening, self.ended), timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            opening.cancel()
        return self.opened.is_set() and not self.ended.done()
