"""The server's Starlette app: the socket, health checks, metrics and the page."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Final

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Mount, Route

from tickfire.base.calendar.sessions import Sessions
from tickfire.phoenix import (
    ConnectError,
    ConnectInfo,
    DrainerOptions,
    Hub,
    LongPollOptions,
    MessageLimits,
    PhoenixSocket,
    Refusal,
    WebSocketOptions,
)
from tickfire.phoenix.core.telemetry import CHANNEL_JOINED
from tickfire.phoenix.user_socket import ChannelFactory
from tickfire.server.access.gate import Gate
from tickfire.server.access.gated import GatedSocket
from tickfire.server.access.holders import holder_of
from tickfire.server.access.rules import Access
from tickfire.server.health import health_routes
from tickfire.server.limits.admission import Admission
from tickfire.server.limits.causes import INDICATORS, LANES, Cause
from tickfire.server.limits.hosts import LOCAL, HostCheck, Hosts, hosts_of
from tickfire.server.limits.longpoll import PollSessions
from tickfire.server.limits.memory import trim_memory
from tickfire.server.limits.meter import NAMELESS, Meter, MeteredSocket
from tickfire.server.limits.quotas import Quotas
from tickfire.server.limits.refusals import Refusals
from tickfire.server.market.epoch.archive import Archive
from tickfire.server.market.market import MAX_INDICATORS, MAX_VIEWS, Market
from tickfire.server.market.pipeline.flow import DEFAULT_STALE_S
from tickfire.server.market.ticks.lag import DEFAULT_MAX_LAG_S
from tickfire.server.market.ticks.subscription import HIGH_WATER
from tickfire.server.market.topics.quotas import CLIENT, Quota
from tickfire.server.metrics import CLIENT_EVENTS, Metrics
from tickfire.server.page import STATIC, Page
from tickfire.server.pictures.optional import Pictures
from tickfire.server.rest.routes import rest_routes
from tickfire.server.root_path import RootPath
from tickfire.server.scrapes.worker import SharedMetrics

LOW_WATER: Final = HIGH_WATER // 4
MAX_BODY: Final = 1 << 20
"""Size of the messages that a long-poll client sends in one request, in bytes."""
SECRET_BYTES: Final = 32
NOT_LOADED: Final = Refusal(
    503,
    b'{"reason":"no market data yet"}',
    (("content-type", "application/json"), ("retry-after", "1")),
)
"""Response to clients that come before the market is loaded."""
MESSAGE_LIMITS: Final = MessageLimits(max_name_size=255, max_containers=256, max_pairs=4096)

logger = logging.getLogger(__name__)

type Wait = Callable[[Market], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Settings:
    """Settings of the server.

    Attributes
    ----------
    redis_url : str
        A standalone Redis or a Cluster.
    access : Access
        The clients that may connect.
    allowed_origins : tuple of str
        Other origins whose pages may connect, as ``//host`` or ``https://host:port``.
    static : Path
        Folder of the built client.
    hosts : tuple of str
        Names by which the server may be reached; if empty, any, but in dev mode localhost, all
        addresses and the hosts of `allowed_origins`.
    root_path : str
        Path below which a proxy serves the application, such as ``/desk``; empty for the root.
    sessions : Sessions
        The trading hours of instruments.
    stale_s : float
        Time without data of a feed, while its market is open, from which ``/readyz`` answers 503;
        0 if it does not depend on feeds.
    max_lag_s : float
        Maximum lag of a client that gets every tick, in seconds; 0 for no limit.
    archive : str or None
        The archive from which older data are read: a folder, or an address of fsspec.
    secret : str
        Key that signs the tokens of long-poll sessions if `access` has none; random by default, and
        then of all workers that the settings are passed to.
    """

    redis_url: str = field(repr=False)
    access: Access = field(default_factory=Access)
    allowed_origins: tuple[str, ...] = ()
    static: Path = STATIC
    hosts: tuple[str, ...] = ()
    root_path: str = ""
    sessions: Sessions = field(default_factory=Sessions)
    stale_s: float = DEFAULT_STALE_S
    max_lag_s: float = DEFAULT_MAX_LAG_S
    archive: str | None = None
    secret: str = field(default_factory=lambda: secrets.token_urlsafe(SECRET_BYTES), repr=False)


def create_app(
    settings: Settings,
    admission: Admission | None = None,
    until_loaded: Wait | None = None,
    drainer: Callable[[], DrainerOptions] | None = None,
    shared: SharedMetrics | None = None,
) -> Starlette:
    """Return the ASGI app; its lifespan starts and stops the market.

    Parameters
    ----------
    settings : Settings
    admission : Admission, optional
        The limits of this worker, and what they have refused.
    until_loaded : callable, optional
        Awaited when the market has been started; the app starts up once it returns.
    drainer : callable, optional
        Returns the batches in which WebSockets are closed when the server stops.
    shared : SharedMetrics, optional
        Gets the metrics, and answers at ``/metrics`` with those of all workers; without it, there
        are those of this worker.

    Raises
    ------
    UsageError
        If `settings.access` is incomplete or cannot be loaded.
    """
    gate = Gate(settings.access)
    admission = admission or Admission()
    max_message = admission.limits.max_message
    quotas, refusals = admission.limits.quotas, admission.refusals
    hub = Hub()
    metrics = Metrics()
    meter = Meter(quotas, refusals)
    market = Market(
        settings.redis_url,
        hub,
        metrics,
        clients=lambda: hub.stats.sessions,
        sessions=settings.sessions,
        stale_s=settings.stale_s,
        max_lag_s=settings.max_lag_s,
        views=Quota(
            "views by symbols or max_hz", quotas.lanes, MAX_VIEWS, _counted(refusals, LANES)
        ),
        indicators=Quota(
            "indicators", quotas.indicators, MAX_INDICATORS, _counted(refusals, INDICATORS)
        ),
        wait_s=lambda socket: meter.bandwidth_wait_s(socket.user_socket),  # type: ignore[arg-type]
        followers=gate.followers(),
        archive=Archive(settings.archive) if settings.archive else None,
    )
    hub.telemetry.attach(CHANNEL_JOINED, meter.handle)
    for event in CLIENT_EVENTS:
        hub.telemetry.attach(event, metrics.observe_event)
    polls = PollSessions(admission)
    metrics.watch(
        "connections",
        "Open sockets.",
        "transport",
        lambda: {"websocket": hub.stats.sessions - polls.count, "longpoll": polls.count},
    )
    metrics.watch(
        "refused",
        "Connections, requests and messages refused.",
        "cause",
        lambda: admission.refusals.counts,
        counts=True,
    )
    check_origin = ("conn", *settings.allowed_origins)
    user_socket = _user_socket(market, gate, admission)
    pictures = Pictures(market, gate)

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        if shared is not None:
            shared.attach(metrics)
        await market.start()
        if until_loaded is not None:
            await until_loaded(market)
        loop = asyncio.get_running_loop()
        tasks = [loop.create_task(trim_memory()), loop.create_task(metrics.loop_lag.run())]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await market.stop()
            pictures.close()
            if market.archive is not None:
                await market.archive.close()

    socket = PhoenixSocket(
        "/socket",
        user_socket,
        hub=hub,
        drainer=drainer,
        check_origin=check_origin,
        auth_token=True,
        message_limits=MESSAGE_LIMITS,
        guard=meter.check,
        websocket=WebSocketOptions(
            max_frame_size=max_message,
            max_message_size=max_message,
            high_water=HIGH_WATER,
            low_water=LOW_WATER,
            error_handler=lambda payload: payload if isinstance(payload, Refusal) else NOT_LOADED,
        ),
        longpoll=LongPollOptions(
            max_body_size=max(MAX_BODY, 2 * max_message),  # base64 is longer
            max_message_size=max_message,
            high_water=HIGH_WATER,
            admit=polls.admit,
        ),
        secret=settings.access.secret or settings.secret,
    )
    admission.on_stop(socket.shut_down)
    app = Starlette(
        routes=[
            socket,
            *health_routes(market, admission, shared),
            Route("/pipeline/", _without_slash),
            Route("/chart.png", pictures.respond),
            *rest_routes(market, gate, admission, meter, check_origin),
            Mount("/", Page(settings.static)),
        ],
        lifespan=lifespan,
    )
    if settings.hosts or settings.access.dev:
        names = (*LOCAL, *settings.hosts, *hosts_of(settings.allowed_origins))
        app.add_middleware(HostCheck, hosts=Hosts(names), refusals=admission.refusals)
    if settings.root_path:
        app.add_middleware(RootPath, root_path=settings.root_path)
    app.state.market = market
    app.state.pictures = pictures
    return app


def _user_socket(market: Market, own_gate: Gate, admission: Admission) -> type[MeteredSocket]:
    warned = False

    class MarketSocket(GatedSocket, MeteredSocket):
        """Connection of one client to the market."""

        channels: ClassVar[Mapping[str, ChannelFactory]] = market.channels()
        gate: ClassVar[Gate] = own_gate
        _address: str | None = None

        async def connect(self, params: dict[str, Any], info: ConnectInfo) -> bool:
            nonlocal warned
            if not await super().connect(params, info):
                return False
            if own_gate.is_open and not (params.get("token") or info.auth_token) and not warned:
                warned = True
                logger.warning("dev mode: clients without a token are accepted")
            if market.live is None:
                raise ConnectError({"reason": "no market data yet"})
            self._address = _name_of(info, admission)
            self.granted()
            if self.quotas is not None:
                self._count_connect(self.quotas)
            return True

        def granted(self) -> None:
            """Count the connection for its key, user or address, by the quotas of its grant."""
            quotas = admission.limits.quotas
            self.client, self.quotas = holder_of(self.grant, self._address, quotas)
            self.assigns[CLIENT] = self.client

        def _count_connect(self, quotas: Quotas) -> None:
            cause = admission.connect(self.client, quotas.connects)
            if cause is not None:
                admission.refusals.add(cause, self.client or NAMELESS)
                raise ConnectError(cause.refusal())

    return MarketSocket


def _counted(refusals: Refusals, cause: Cause) -> Callable[[object], None]:
    """Return a function that counts a refused client, by its name if it has one."""
    return lambda client: refusals.add(cause, client if isinstance(client, str) else NAMELESS)


def _name_of(info: ConnectInfo, admission: Admission) -> str | None:
    """Return the name of a client, which all connections of its address share.

    None is the name of a client on this machine, where those of a proxy that is not trusted and of
    many programs have one address; each of its connections is a client of its own.
    """
    return None if info.peer is None else admission.client(info.peer[0])


async def _without_slash(request: Request) -> Response:
    """Redirect to the same address without its last slash, from which links are relative."""
    page = request.url.path.rstrip("/").rpartition("/")[2]
    return RedirectResponse(f"../{page}{'?' if request.url.query else ''}{request.url.query}")
