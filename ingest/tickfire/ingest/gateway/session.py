"""Session of one client: its connection, its conversation and its feed."""

from __future__ import annotations

import asyncio
import logging
import secrets
import socket
from collections.abc import Callable
from dataclasses import replace
from typing import Final, cast

from tickfire.base.units import NS_PER_S
from tickfire.ingest.dbn.control import HEARTBEAT_TEXT, ErrorMsg, SystemMsg
from tickfire.ingest.dbn.layout import ERROR_INVALID_SUBSCRIPTION, SYSTEM_HEARTBEAT
from tickfire.ingest.gateway.config import GatewayConfig
from tickfire.ingest.gateway.feed import GatewayFeed, ReaderTooSlowError
from tickfire.ingest.gateway.outlet import HIGH_WATER, Outlet
from tickfire.ingest.gateway.pace import Clock
from tickfire.ingest.lsg.requests import GatewaySubscription, SessionOptions
from tickfire.ingest.lsg.server import (
    Authenticated,
    Complaint,
    Event,
    Hangup,
    LsgServer,
    Started,
    Subscribed,
)
from tickfire.store.schema import REPLAY, SIMULATED

MAX_SYMBOLS: Final = 1_000_000
"""The number of symbols that the lines of one session may name."""
MAX_REQUESTS: Final = 10_000
"""The number of lines that a client may send before it starts the session."""
_NONCE_BYTES: Final = 16
_LOGGED_LENGTH: Final = 60
_KEEP_ALIVE: Final = {"TCP_KEEPIDLE": 30, "TCP_KEEPINTVL": 10, "TCP_KEEPCNT": 3}
"""Socket options, where the system has them: seconds, seconds, probes."""

logger = logging.getLogger(__name__)

type FeedFactory = Callable[[SessionOptions], GatewayFeed]


class GatewaySession(asyncio.Protocol):
    """A client's session, from the greeting until the connection closes.

    Parameters
    ----------
    session_id : str
        The id that is sent to the client and logged.
    config : GatewayConfig
    clock : Clock
    feeds : callable
        Makes the feed of the session.
    ended : callable
        Called with the session when it is over.
    recording : str
        The name of the recording that is replayed, empty for a simulated market.
    refusal : str, optional
        The reason to refuse the client.
    """

    def __init__(
        self,
        session_id: str,
        config: GatewayConfig,
        clock: Clock,
        feeds: FeedFactory,
        ended: Callable[[GatewaySession], None],
        recording: str = "",
        refusal: str | None = None,
    ) -> None:
        self._id = session_id
        self._config = config
        self._clock = clock
        self._feeds = feeds
        self._ended = ended
        self._refusal = refusal
        origin = SIMULATED if config.file is None else REPLAY
        nonce = secrets.token_hex(_NONCE_BYTES)
        self._core = LsgServer(session_id, nonce, config.keys, origin, recording)
        self._options = SessionOptions(dataset="")
        self._requests: list[GatewaySubscription | Complaint] = []
        self._symbols = 0
        self._live: tuple[GatewayFeed, Outlet] | None = None
        self._outlet: Outlet | None = None
        self._is_over = False

    # --- asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet the client."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop has a class of its own
        self._task: asyncio.Task[None] | None = None
        self._transport.set_write_buffer_limits(high=HIGH_WATER)
        _keep_alive(transport.get_extra_info("socket"))
        self._auth_timer = asyncio.get_running_loop().call_later(
            self._config.auth_timeout_s, self._give_up_on_auth
        )
        if self._refusal is not None:
            self._take(self._core.refuse(self._refusal))
        else:
            self._flush()

    def data_received(self, data: bytes) -> None:
        """Handle bytes from the client."""
        for event in self._core.receive(data):
            self._take(event)
        if not self._is_over:
            self._flush()

    def pause_writing(self) -> None:
        """Pause the feed, since the client does not keep up."""
        if self._outlet is not None:
            self._outlet.pause()

    def resume_writing(self) -> None:
        """Resume the feed."""
        if self._outlet is not None:
            self._outlet.resume()

    def connection_lost(self, exc: Exception | None) -> None:
        """End the session."""
        self.end("the client left" if exc is None else f"the connection broke: {exc}")
        self._ended(self)

    # --- the end

    def end(self, reason: str, *, error: bool = False) -> None:
        """Close the connection and log the reason, once."""
        if self._is_over:
            return
        self._is_over = True
        logger.log(logging.WARNING if error else logging.INFO, "session %s: %s", self._id, reason)
        self._auth_timer.cancel()
        self._flush()
        if self._task is not None:
            self._task.cancel()
        if self._outlet is not None and self._outlet.is_paused:
            self._transport.abort()  # this client may never read the rest
        else:
            self._transport.close()

    async def wait_ended(self) -> None:
        """Wait until the session's task has ended."""
        if self._task is not None:
            await asyncio.wait([self._task])

    def _give_up_on_auth(self) -> None:
        self._take(self._core.refuse("Authentication timed out."))

    def _flush(self) -> None:
        data = self._core.data_to_send()
        if data:
            self._transport.write(data)

    # --- requests

    def _take(self, event: Event) -> None:
        match event:
            case Authenticated(options):
                self._auth_timer.cancel()
                self._options = options
                client = options.client[:_LOGGED_LENGTH]
                logger.info("session %s: %s asks for %s", self._id, client, options.dataset)
            case Subscribed(subscription):
                self._symbols += len(subscription.symbols or ())
                self._request(subscription)
            case Complaint():
                self._request(event)
            case Started():
                self._task = asyncio.get_running_loop().create_task(self._run())
            case Hangup(reason):
                self.end(f"ended by its client: {reason}", error=True)

    def _request(self, request: GatewaySubscription | Complaint) -> None:
        if self._symbols > MAX_SYMBOLS or len(self._requests) > MAX_REQUESTS:
            self.end("ended because its client sent too many subscriptions or symbols", error=True)
        elif self._live is None:
            self._requests.append(request)
        else:
            self._answer(*self._live, request, late=True)

    def _answer(
        self,
        feed: GatewayFeed,
        outlet: Outlet,
        request: GatewaySubscription | Complaint,
        *,
        late: bool,
    ) -> None:
        if isinstance(request, Complaint):
            outlet.send_control(ErrorMsg(request.text, ERROR_INVALID_SUBSCRIPTION, feed.now()))
        else:
            for message in feed.subscribe(request, late=late):
                outlet.send_control(message)

    # --- streaming

    async def _run(self) -> None:
        try:
            await self._stream()
            self.end("the replay is over; the next session starts from the beginning")
        except* ReaderTooSlowError:
            self.end("ended because its client reads too slowly", error=True)
        except* Exception as group:
            logger.exception("session %s failed", self._id, exc_info=group)
            self.end("ended by an error of the gateway", error=True)

    async def _stream(self) -> None:
        feed = self._feeds(self._options)
        metadata = feed.metadata()
        outlet = self._outlet = Outlet(
            self._transport,
            self._clock,
            version=metadata.version,
            ts_out=self._options.ts_out,
            selection=feed.selection,
            source_ts_out=feed.has_ts_out,
        )
        outlet.send_bytes(replace(metadata, ts_out=self._options.ts_out).encode())
        gate_ns = int(self._config.gate_s * NS_PER_S)
        await self._clock.sleep_until(self._clock.monotonic_ns() + gate_ns)
        for request in self._requests:
            self._answer(feed, outlet, request, late=False)
        self._requests.clear()
        self._live = feed, outlet
        async with asyncio.TaskGroup() as group:
            beating = group.create_task(self._beat(feed, outlet))
            await feed.run(outlet)
            beating.cancel()

    async def _beat(self, feed: GatewayFeed, outlet: Outlet) -> None:
        """Send a heartbeat whenever nothing was sent for the heartbeat interval."""
        interval = self._options.heartbeat_s
        while True:
            await self._clock.sleep_until(outlet.silence_ends(interval))
            if self._clock.monotonic_ns() >= outlet.silence_ends(interval):
                outlet.send_control(SystemMsg(HEARTBEAT_TEXT, SYSTEM_HEARTBEAT, feed.now()))


def _keep_alive(connection: socket.socket) -> None:
    """Let the operating system detect clients that have vanished."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _KEEP_ALIVE.items():
        if hasattr(socket, name):
            connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
