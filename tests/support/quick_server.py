"""uvicorn for tests, which waits for events where uvicorn looks ten times a second."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import socket
from collections.abc import Iterator
from typing import Final

import uvicorn
from websockets.exceptions import InvalidState

from tests.support.eventually import eventually

TICK_S: Final = 0.1
"""Time from one `on_tick` to the next, as in uvicorn."""
GRACE_S: Final = 60
"""Time for connections and requests to end, where the configuration has none."""


class QuickServer(uvicorn.Server):
    """A server in the test's own event loop, or in that of a thread, without signal handlers.

    Attributes
    ----------
    ready : asyncio.Event
        Set once it listens.
    """

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = asyncio.Event()
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """Let it end, as a signal would."""
        self.should_exit = True
        self._stopping.set()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()

    async def main_loop(self) -> None:
        for counter in itertools.count():
            if await self.on_tick(counter):
                return
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), TICK_S)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for listener in (*self.servers, *(sockets or ())):
            listener.close()
        for connection in list(self.server_state.connections):
            with contextlib.suppress(InvalidState):  # it is closing already
                connection.shutdown()
        grace_s = self.config.timeout_graceful_shutdown or GRACE_S
        with contextlib.suppress(AssertionError):
            await eventually(self._is_idle, "all have ended", grace_s)
        for task in self.server_state.tasks:
            task.cancel()
        await self.lifespan.shutdown()

    def _is_idle(self) -> bool:
        return not (self.server_state.connections or self.server_state.tasks)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield
