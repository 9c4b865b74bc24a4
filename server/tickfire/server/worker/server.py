"""`MarketServer`: the server of one worker, which opens its socket once the market is loaded."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import socket
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any, Final

import uvicorn
from starlette.applications import Starlette

from tickfire.base.errors import UserError
from tickfire.base.garbage import freeze
from tickfire.phoenix import DrainerOptions
from tickfire.server.app import Settings, create_app
from tickfire.server.limits.admission import Admission, Limits
from tickfire.server.limits.http import LimitedHTTP
from tickfire.server.limits.websocket import LimitedWebSocket
from tickfire.server.market.market import Market
from tickfire.server.scrapes.worker import SharedMetrics
from tickfire.server.worker.acceptors import Acceptors
from tickfire.server.workers.stopping import DEFAULT_DRAIN_S, STOP_PATIENCE_S

OPEN_PATIENCE_S: Final = 10.0
"""Time to wait for a market that is being loaded, in seconds; then ``/readyz`` tells the reason."""
DRAIN_INTERVAL_S: Final = 0.1
"""Time between batches of connections that are closed, in seconds."""
MIN_BATCH: Final = 50
LET_IN_S: Final = 1.0
"""Time that clients which are connected already have to send their request when the server stops,
in seconds."""
POLL_S: Final = 0.02
BACKLOG: Final = 4096
TICKS_PER_BEAT: Final = 10
"""Ticks of uvicorn, of which there are ten a second, from one beat to the next."""
TICKS_PER_SHARE: Final = 50
"""Ticks from one time to the next at which the command gets the metrics: those that a worker which
is killed had counted since are lost."""


class MarketServer(uvicorn.Server):
    """Server of one worker.

    Its socket opens once the market is loaded, or is known to be empty. After SIGTERM or SIGINT it
    takes no more clients, closes its connections in batches, and ends with code 0 instead of dying
    of the signal.

    Parameters
    ----------
    settings : Settings
    limits : Limits
    on_open : callable
        Called once the socket is open.
    on_beat : callable
        Called every second by the event loop.
    on_close : callable
        Called with the number of WebSockets when the server begins to close them.
    drain_s : float
        Time over which their closing is spread, in seconds; less if they are few.
    ready_s : float, optional
        Time in which the market must be ready, in seconds; without it, the socket opens after
        `OPEN_PATIENCE_S` all the same.
    shared : SharedMetrics, optional
        Gets the metrics; without it, ``/metrics`` has those of this worker alone.
    """

    def __init__(
        self,
        settings: Settings,
        limits: Limits,
        on_open: Callable[[], None],
        on_beat: Callable[[], None] = lambda: None,
        on_close: Callable[[int], None] = lambda count: None,
        *,
        drain_s: float = DEFAULT_DRAIN_S,
        ready_s: float | None = None,
        shared: SharedMetrics | None = None,
    ) -> None:
        self._admission = Admission(limits)
        app = partial(_app, settings, self._admission, self._until_loaded, self._drainer, shared)
        self._acceptors = Acceptors(partial(LimitedHTTP, self._admission), BACKLOG)
        super().__init__(_config(app, self._acceptors, self._admission, drain_s))
        self._on_open, self._on_beat, self._on_close = on_open, on_beat, on_close
        self._drain_s, self._ready_s = drain_s, ready_s
        self._fault: str | None = None
        self._shared = shared
        logging.getLogger("uvicorn.error").setLevel(logging.WARNING)

    # --- start
    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve clients that connect to the sockets."""
        self._acceptors.sockets = tuple(sockets or ())
        try:
            await super().serve(sockets)
        finally:
            self._acceptors.close()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start the market, and open the socket.

        Raises
        ------
        UserError
            The market is not ready in time, or another process has come to listen on the port
            meanwhile.
        """
        try:
            await super().startup(sockets)
        except OSError as error:
            await self.lifespan.shutdown()
            places = dict.fromkeys(one.getsockname()[:2] for one in sockets or ())
            named = ", ".join(f"{host} port {port}" for host, port in places)
            raise UserError(f"cannot listen on {named}: {error.strerror}.") from error
        except SystemExit:
            if self._fault is None:
                raise
            await self.lifespan.shutdown()
            raise UserError(self._fault) from None
        if not self.should_exit:
            self._on_open()

    async def _until_loaded(self, market: Market) -> None:
        """Wait for the market; let the start fail if it must be ready but is not."""
        patience_s = OPEN_PATIENCE_S if self._ready_s is None else self._ready_s
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(patience_s):
                while not (market.is_settled or self.should_exit):  # noqa: ASYNC110
                    await asyncio.sleep(POLL_S)
        if self._ready_s is None or self.should_exit:
            return
        if market.feeds.refusal is not None:
            self._fault = market.feeds.refusal
        elif not market.is_settled:
            why = market.fault() or "it is behind the present"
            self._fault = f"the market is not ready after {patience_s:g} s: {why}"
        self.lifespan.should_exit = self._fault is not None

    async def on_tick(self, counter: int) -> bool:
        """Beat; return whether the server should exit."""
        if counter % TICKS_PER_BEAT == 0:
            self._on_beat()
            self._acceptors.review()
        if self._shared is not None and counter % TICKS_PER_SHARE == 0:
            self._shared.share()
        return await super().on_tick(counter)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Handle signals while the context lasts, without raising them again at its end."""
        with super().capture_signals():
            try:
                yield
            finally:
                self._captured_signals.clear()

    # --- end
    def leave(self) -> None:
        """Answer 503 at ``/readyz`` from now on, so that load balancers look elsewhere."""
        self._admission.is_leaving = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop listening, let in the clients that are connected already, and close all in batches.

        Clients that connect meanwhile wait in the queue of the socket, which the new workers share.
        """
        self._acceptors.close()
        for listener in (*self.servers, *(sockets or ())):
            listener.close()
        await self._let_in()
        self._on_close(self._websockets)
        await super().shutdown()

    async def _let_in(self) -> None:
        deadline = time.monotonic() + LET_IN_S
        await asyncio.sleep(POLL_S)  # those that were accepted last have a protocol then
        while time.monotonic() < deadline and any(  # noqa: ASYNC110
            one.awaits_request for one in self._connections if isinstance(one, LimitedHTTP)
        ):
            await asyncio.sleep(POLL_S)

    def _drainer(self) -> DrainerOptions:
        """Return the batches that close all WebSockets, when the server stops."""
        share = DRAIN_INTERVAL_S / self._drain_s if self._drain_s else 1.0
        size = max(MIN_BATCH, math.ceil(self._websockets * share))
        return DrainerOptions(size, DRAIN_INTERVAL_S, self._drain_s, log=None)

    @property
    def _websockets(self) -> int:
        return sum(isinstance(one, LimitedWebSocket) for one in self._connections)

    @property
    def _connections(self) -> Iterable[object]:
        return self.server_state.connections


def _config(
    app: Callable[[], Starlette], acceptors: Acceptors, admission: Admission, drain_s: float
) -> uvicorn.Config:
    http: Any = acceptors
    websocket: Any = partial(LimitedWebSocket, admission)
    return uvicorn.Config(
        app,
        factory=True,
        http=http,
        ws=websocket,
        forwarded_allow_ips=admission.limits.proxies.for_uvicorn(),
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=False,
        backlog=BACKLOG,
        timeout_graceful_shutdown=math.ceil(drain_s) + STOP_PATIENCE_S,
    )


def _app(
    settings: Settings,
    admission: Admission,
    until_loaded: Callable[[Market], Any],
    drainer: Callable[[], DrainerOptions],
    shared: SharedMetrics | None,
) -> Starlette:
    app = create_app(settings, admission, until_loaded, drainer, shared)
    freeze()
    return app
