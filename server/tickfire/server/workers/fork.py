"""`Template`: the pool's side of the process that forks workers."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import sys
from asyncio.subprocess import Process
from typing import Final

from tickfire.server.workers import wire
from tickfire.server.workers.forked import Worker
from tickfire.server.workers.wire import Lines, Order

COMMAND: Final = (sys.executable, "-m", "tickfire.server.worker.template")
_ONE_THREAD: Final = {
    "OPENBLAS_NUM_THREADS": "1",
    "JE_ARROW_MALLOC_CONF": "background_thread:false",
}
"""Settings of libraries that would start threads when they are imported, before the forks."""


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
