"""`Template` and `Worker`: the pool's side of the processes that it runs."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import sys
import time
from asyncio.subprocess import Process
from typing import Final

from tickfire.server.workers import wire
from tickfire.server.workers.wire import Lines, Order, line

COMMAND: Final = (sys.executable, "-m", "tickfire.server.worker.template")
_ONE_THREAD: Final = {"OPENBLAS_NUM_THREADS": "1"}
"""Settings of libraries that would start threads when they are imported, before the forks."""


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
        self._channel = channel
        self._lines = Lines()
        self._is_closed = self._is_orphan = False
        loop.add_reader(channel, self._hear)
        self._say(wire.NUMBER, number)

    def _hear(self) -> None:
        try:
            said = self._channel.recv(4096)
        except BlockingIOError:
            return
        except OSError:
            said = b""
        self.silent_s = 0
        for word, argument in self._lines.feed(said):
            self._take(word, argument)
        if not said:
            self._is_closed = True
            asyncio.get_running_loop().remove_reader(self._channel)
            self._end_orphan()

    def _take(self, word: str, argument: str) -> None:
        if word == wire.OPEN:
            self.opened.set()
        elif word == wire.CLOSING:
            self.connections = int(argument)
            self.closing.set()
        elif word == wire.FAILED:
            self.failure = argument

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
        asyncio.get_running_loop().remove_reader(self._channel)
        self._channel.close()

    def leave(self) -> None:
        """Let it tell load balancers that it is about to stop."""
        self._say(wire.LEAVE)

    def _say(self, word: str, argument: object = "") -> None:
        if not self.ended.done():
            with contextlib.suppress(OSError):
                self._channel.send(line(word, argument))

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


class TemplateLost(Exception):
    """Raised when a template has ended and forks no more."""


class Template:
    """A template of workers; created by `start`.

    Attributes
    ----------
    has_forked : bool
        True once it has forked a worker.
    is_lost : bool
        True once it has ended.
    failure : str or None
        The reason why it cannot fork.
    """

    def __init__(self, process: Process, control: socket.socket) -> None:
        self._process = process
        self._control = control
        self._workers: dict[int, Worker] = {}
        self._forking = asyncio.Lock()
        self._started: asyncio.Queue[int | None] = asyncio.Queue()
        self._reading = asyncio.create_task(self._read())
        self.is_lost = self.has_forked = False
        self.failure: str | None = None

    @classmethod
    async def start(cls, order: Order) -> Template:
        """Start a process that imports everything and then forks."""
        ours, theirs = socket.socketpair()
        with theirs:
            process = await asyncio.create_subprocess_exec(
                *COMMAND,
                stdin=theirs.fileno(),
                pass_fds=(order.listener,),
                env={**os.environ, **_ONE_THREAD},
            )
        ours.setblocking(False)
        template = cls(process, ours)
        with contextlib.suppress(OSError):  # it has ended, as `fork` will tell
            await asyncio.get_running_loop().sock_sendall(ours, order.pack())
        return template

    async def fork(self, number: int, *, ready: bool = False) -> Worker:
        """Fork the worker of a place; one that must be ready within `Order.ready_s` if `ready`.

        Raises
        ------
        TemplateLost
            The template has ended.
        """
        async with self._forking:
            ours, theirs = socket.socketpair()
            ours.setblocking(False)
            with theirs:
                try:
                    byte = wire.FORK_READY if ready else wire.FORK
                    socket.send_fds(self._control, [byte], [theirs.fileno()])
                except OSError as error:
                    ours.close()
                    raise TemplateLost from error
            pid = await self._started.get()
            if pid is None:
                ours.close()
                raise TemplateLost
            self.has_forked = True
            worker = self._workers[pid] = Worker(pid, number, ours)
            return worker

    async def close(self) -> None:
        """End the process; its workers go on."""
        self._control.close()
        self._reading.cancel()
        await asyncio.gather(self._reading, return_exceptions=True)
        self._lose()
        await self._process.wait()

    async def _read(self) -> None:
        loop, lines = asyncio.get_running_loop(), Lines()
        with contextlib.suppress(OSError):
            while said := await loop.sock_recv(self._control, 4096):
                for word, argument in lines.feed(said):
                    self._take(word, argument)
        self._lose()

    def _take(self, word: str, argument: str) -> None:
        if word == wire.STARTED:
            self._started.put_nowait(int(argument))
        elif word == wire.FAILED:
            self.failure = argument
        elif word == wire.ENDED:
            pid, code = map(int, argument.split())
            if (worker := self._workers.pop(pid, None)) is not None:
                worker.end(code)

    def _lose(self) -> None:
        self.is_lost = True
        self._started.put_nowait(None)
        for worker in self._workers.values():
            worker.orphan()
        self._workers.clear()
