"""The gateway's server: a session for each connection."""

from __future__ import annotations

import asyncio
import errno
import logging
from types import TracebackType
from typing import Self

from tickfire.base.errors import UserError
from tickfire.ingest.dbn.file import DbnFile, open_dbn
from tickfire.ingest.gateway.config import GatewayConfig
from tickfire.ingest.gateway.feed import GatewayFeed
from tickfire.ingest.gateway.file_feed import FileFeed
from tickfire.ingest.gateway.market.feed import SimulatedFeed
from tickfire.ingest.gateway.market.market import SimulatedMarket
from tickfire.ingest.gateway.pace import Clock, SystemClock
from tickfire.ingest.gateway.replay import Recording, recording_name
from tickfire.ingest.gateway.session import FeedFactory, GatewaySession
from tickfire.ingest.lsg.requests import SessionOptions

logger = logging.getLogger(__name__)


class Gateway:
    """A gateway and its sessions, as an async context manager that closes it.

    Attributes
    ----------
    host, port : str, int
        The address and the port that it listens on.

    See Also
    --------
    serve_gateway : Start a gateway.
    """

    def __init__(
        self,
        config: GatewayConfig,
        feeds: FeedFactory,
        clock: Clock,
        preparing: asyncio.Task[None] | None = None,
    ) -> None:
        self.host = config.host
        self.port = config.port
        self._config = config
        self._feeds = feeds
        self._clock = clock
        self._preparing = preparing
        self._recording = recording_name(config.file) if config.file is not None else ""
        self._sessions: set[GatewaySession] = set()
        self._connected_count = 0
        self._server: asyncio.Server | None = None

    @property
    def connected(self) -> int:
        """The number of connections since the start."""
        return self._connected_count

    @property
    def sessions(self) -> int:
        """The number of connections."""
        return len(self._sessions)

    async def listen(self) -> None:
        """Start listening.

        Raises
        ------
        UserError
            If the port is in use, or the address is not one of this machine's.
        """
        loop = asyncio.get_running_loop()
        try:
            self._server = await loop.create_server(self._connected, self.host, self.port)
        except OSError as error:
            raise _listen_error(self._config, error) from None
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Stop listening and end all sessions."""
        if self._server is not None:
            self._server.close()
        sessions = list(self._sessions)
        for session in sessions:
            session.end("the gateway is stopping")
        for session in sessions:
            await session.wait_ended()
        if self._preparing is not None:
            self._preparing.cancel()
            await asyncio.wait([self._preparing])
        if self._server is not None:
            await self._server.wait_closed()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    def _connected(self) -> GatewaySession:
        self._connected_count += 1
        is_full = len(self._sessions) >= self._config.max_sessions
        session = GatewaySession(
            str(self._connected_count),
            self._config,
            self._clock,
            self._feeds,
            self._sessions.discard,
            self._recording,
            "Too many sessions." if is_full else None,
        )
        self._sessions.add(session)
        return session


async def serve_gateway(config: GatewayConfig, *, clock: Clock | None = None) -> Gateway:
    """Start a gateway.

    The history of a simulated market is made while it listens already; sessions wait for it.

    Parameters
    ----------
    config : GatewayConfig
    clock : Clock, optional
        The machine's by default.

    Raises
    ------
    UserError
        If the file cannot be read (`DbnError`), or the port cannot be listened on.
    """
    clock = clock or SystemClock()
    if config.file is not None:
        gateway = Gateway(config, _replays(config, clock, open_dbn(config.file)), clock)
    else:
        market = SimulatedMarket(config, clock)
        preparing = asyncio.create_task(market.catch_up())
        gateway = Gateway(config, _simulations(config, clock, market), clock, preparing)
    try:
        await gateway.listen()
    except UserError:
        await gateway.close()
        raise
    return gateway


def _replays(config: GatewayConfig, clock: Clock, file: DbnFile) -> FeedFactory:
    recording = Recording(file)

    def replay(options: SessionOptions) -> GatewayFeed:
        return FileFeed(
            recording,
            clock,
            speed=config.speed,
            loop=config.loop,
            slow_after_s=config.slow_after_s,
            skip_when_slow=options.skip_when_slow,
        )

    return replay


def _simulations(config: GatewayConfig, clock: Clock, market: SimulatedMarket) -> FeedFactory:
    def join(options: SessionOptions) -> GatewayFeed:
        return SimulatedFeed(
            market,
            clock,
            slow_after_s=config.slow_after_s,
            skip_when_slow=options.skip_when_slow,
        )

    return join


def _listen_error(config: GatewayConfig, error: OSError) -> UserError:
    if error.errno == errno.EADDRINUSE:
        return UserError(
            f"port {config.port} on {config.host} is in use; stop the process that uses it, or"
            " choose another port with --port."
        )
    return UserError(f"cannot listen on {config.host} port {config.port}: {error.strerror}.")
