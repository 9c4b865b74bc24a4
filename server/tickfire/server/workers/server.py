"""`MarketServer`: the server of one worker, which opens its socket once the market is loaded."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import socket
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Final

import uvicorn
from starlette.applications import Starlette

from tickfire.base.errors import UserError
from tickfire.server.app import Settings, create_app
from tickfire.server.limits.admission import Admission, Limits
from tickfire.server.limits.http import LimitedHTTP
from tickfire.server.limits.websocket import LimitedWebSocket
from tickfire.server.market.market import Market

STOP_PATIENCE_S: Final = 5
OPEN_PATIENCE_S: Final = 10.0
"""Time to wait for a market that is being loaded, in seconds; then ``/readyz`` tells the reason."""
POLL_S: Final = 0.02
BACKLOG: Final = 4096
TICKS_PER_BEAT: Final = 10
"""Ticks of uvicorn, of which there are ten a second, from one beat to the next."""


class MarketServer(uvicorn.Server):
    """Server of one worker.

    Its socket opens once the market is loaded, or is known to be empty. After SIGTERM or SIGINT it
    ends with code 0 instead of dying of the signal.

    Parameters
    ----------
    settings : Settings
    limits : Limits
    on_open : callable
        Called once the socket is open.
    on_beat : callable
        Called every second by the event loop.
    """

    def __init__(
        self,
        settings: Settings,
        limits: Limits,
        on_open: Callable[[], None],
        on_beat: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__(_config(settings, limits, self._until_loaded))
        self._on_open, self._on_beat = on_open, on_beat
        logging.getLogger("uvicorn.error").setLevel(logging.WARNING)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start the market, and open the socket.

        Raises
        ------
        UserError
            Another process has come to listen on the port meanwhile.
        """
        try:
            await super().startup(sockets)
        except OSError as error:
            await self.lifespan.shutdown()
            named = ", ".join("{} port {}".format(*one.getsockname()) for one in sockets or ())
            raise UserError(f"cannot listen on {named}: {error.strerror}.") from error
        if not self.should_exit:
            self._on_open()

    async def on_tick(self, counter: int) -> bool:
        """Beat; return whether the server should exit."""
        if counter % TICKS_PER_BEAT == 0:
            self._on_beat()
        return await super().on_tick(counter)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Handle signals while the context lasts, without raising them again at its end."""
        with super().capture_signals():
            try:
                yield
            finally:
                self._captured_signals.clear()

    async def _until_loaded(self, market: Market) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(OPEN_PATIENCE_S):
                while not (market.is_settled or self.should_exit):  # noqa: ASYNC110
                    await asyncio.sleep(POLL_S)


def _config(
    settings: Settings, limits: Limits, until_loaded: Callable[[Market], Any]
) -> uvicorn.Config:
    admission = Admission(limits)
    http: Any = partial(LimitedHTTP, admission)
    websocket: Any = partial(LimitedWebSocket, admission)
    return uvicorn.Config(
        partial(_app, settings, admission, until_loaded),
        factory=True,
        http=http,
        ws=websocket,
        forwarded_allow_ips=limits.proxies.for_uvicorn(),
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=False,
        backlog=BACKLOG,
        timeout_graceful_shutdown=STOP_PATIENCE_S,
    )


def _app(
    settings: Settings, admission: Admission, until_loaded: Callable[[Market], Any]
) -> Starlette:
    app = create_app(settings, admission, until_loaded)
    # The compiler's million objects live as long as the worker; each collection that visits
    # them takes 100 ms.
    gc.collect()
    gc.freeze()
    return app
