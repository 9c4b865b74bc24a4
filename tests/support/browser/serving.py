"""Run an ASGI application on a real port in a thread, for tests that drive it from outside."""

from __future__ import annotations

import asyncio
import socket
import threading
import weakref
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, Final

import httpx
import uvicorn

from tests.support.quick_server import QuickServer

START_TIMEOUT_S: Final = 60


class Serving:
    """One uvicorn server that can be stopped and started again on its port.

    Without a port it takes a free one, which no other process gets while it is stopped.
    """

    def __init__(self, app: Any, port: int = 0) -> None:
        self.app = app
        self.port = port
        if port == 0:
            holder = _bound(0)
            self.port = holder.getsockname()[1]
            weakref.finalize(self, holder.close)
        self._server: QuickServer | None = None
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    def start(self) -> None:
        listener = _bound(self.port)
        listener.listen()  # what connects from now on is answered, if a little later
        config = uvicorn.Config(
            self.app, log_level="warning", ws="websockets-sansio", timeout_graceful_shutdown=1
        )
        self._server = QuickServer(config)
        running: Future[asyncio.AbstractEventLoop] = Future()

        async def serve(server: QuickServer) -> None:
            running.set_result(asyncio.get_running_loop())
            await server.serve(sockets=[listener])

        self._thread = threading.Thread(target=asyncio.run, args=(serve(self._server),))
        self._thread.start()
        self._loop = running.result(START_TIMEOUT_S)

    def stop(self) -> None:
        if self._server is None or self._thread is None or self._loop is None:
            return
        self._loop.call_soon_threadsafe(self._server.stop)
        self._thread.join(START_TIMEOUT_S)
        self._server = self._thread = self._loop = None

    def call(self, function: Callable[[], None]) -> None:
        """Run `function` in the server's loop, and wait for its end."""

        async def run() -> None:
            function()

        assert self._loop is not None
        asyncio.run_coroutine_threadsafe(run(), self._loop).result(START_TIMEOUT_S)


def _bound(port: int) -> socket.socket:
    """Return a socket bound to a port of this machine; others may be as long as none listens."""
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.bind(("127.0.0.1", port))
    return made


def is_ready(url: str) -> bool:
    """Return whether an address such as that of `/readyz` answers 200."""
    try:
        return httpx.get(url, verify=False, trust_env=False, timeout=20).status_code == 200
    except httpx.TransportError:
        return False
