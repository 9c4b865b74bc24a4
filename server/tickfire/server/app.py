"""The application: sockets, health, metrics and the page in one Starlette app."""

from __future__ import annotations

import contextlib
import importlib
import inspect
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Final
from weakref import WeakSet

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

from tickfire.ingest.errors import UsageError, UserError
from tickfire.phoenix import ConnectInfo, Hub, PhoenixSocket, UserSocket, WebSocketOptions
from tickfire.phoenix.user_socket import ChannelFactory
from tickfire.server.market.market import Market
from tickfire.server.market.subscription import HIGH_WATER
from tickfire.server.metrics import CONTENT_TYPE, Metrics
from tickfire.server.page import STATIC, Page

__all__ = ["Settings", "create_app", "load_authenticator"]

type Authenticator = Callable[[dict[str, Any], ConnectInfo], Any]
"""Called with the connect params and what is known of the connection; true lets it in. It may be
a coroutine function."""

LOW_WATER: Final = HIGH_WATER // 4

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Settings:
    """What the server is told.

    Attributes
    ----------
    redis_url : str
    dev : bool
        Let everyone in, token or not.
    authenticator : str or None
        ``module:callable`` that decides who may connect; see Authenticator.
    allowed_origins : tuple of str
        Pages from elsewhere that may connect, as ``//host`` or ``https://host:port``.
    static : Path
        The built client.
    """

    redis_url: str
    dev: bool = False
    authenticator: str | None = None
    allowed_origins: tuple[str, ...] = field(default=())
    static: Path = STATIC


def load_authenticator(name: str) -> Authenticator:
    """Import what ``module:callable`` names.

    Raises
    ------
    UsageError
        There is no such thing.
    """
    module, _, attribute = name.partition(":")
    try:
        found: Authenticator = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError, ValueError) as error:
        raise UsageError(
            f"TICKFIRE_AUTHENTICATOR={name} cannot be loaded ({error}); write module:callable."
        ) from error
    if not callable(found):
        raise UsageError(f"TICKFIRE_AUTHENTICATOR={name} is not callable.")
    return found


def create_app(settings: Settings) -> Starlette:
    """Return the ASGI app; its lifespan starts and stops the market.

    Raises
    ------
    UserError
        Nobody may connect: neither dev mode nor an authenticator.
    """
    if not settings.dev and settings.authenticator is None:
        raise UserError(
            "nothing says who may connect: set TICKFIRE_AUTHENTICATOR to module:callable, "
            "or add --dev to let everyone in."
        )
    authenticator = load_authenticator(settings.authenticator) if settings.authenticator else None
    hub = Hub()
    metrics = Metrics()
    connections: WeakSet[UserSocket] = WeakSet()
    market = Market(settings.redis_url, hub, metrics, clients=lambda: len(connections))
    metrics.watch(
        "connections", "Open sockets.", "transport", lambda: {"websocket": len(connections)}
    )
    user_socket = _user_socket(market.channels(), connections, authenticator)

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        await market.start()
        try:
            yield
        finally:
            await market.stop()

    socket = PhoenixSocket(
        "/socket",
        user_socket,
        hub=hub,
        check_origin=("conn", *settings.allowed_origins),
        websocket=WebSocketOptions(high_water=HIGH_WATER, low_water=LOW_WATER),
    )
    app = Starlette(
        routes=[
            socket,
            Route("/healthz", _healthz),
            Route("/readyz", _readyz),
            Route("/metrics", _metrics),
            Mount("/", Page(settings.static)),
        ],
        lifespan=lifespan,
    )
    app.state.market = market
    return app


def _user_socket(
    channels: Mapping[str, ChannelFactory],
    connections: WeakSet[UserSocket],
    authenticator: Authenticator | None,
) -> type[UserSocket]:
    served = channels
    told = False

    class MarketSocket(UserSocket):
        """A client of the market."""

        channels: ClassVar[Mapping[str, ChannelFactory]] = served

        async def connect(self, params: dict[str, Any], info: ConnectInfo) -> bool:
            nonlocal told
            if authenticator is not None:
                verdict = authenticator(params, info)
                if not (await verdict if inspect.isawaitable(verdict) else verdict):
                    return False
            elif not params.get("token") and not told:
                told = True
                log.warning("dev mode: a client without a token was let in, as all will be")
            connections.add(self)
            return True

    return MarketSocket


async def _healthz(request: Request) -> Response:
    return JSONResponse({"status": "ok"})


async def _readyz(request: Request) -> Response:
    market: Market = request.app.state.market
    why = market.trouble()
    if why is not None:
        return JSONResponse({"ready": False, "why": why}, status_code=503)
    assert market.live is not None
    return JSONResponse({"ready": True, "at": str(market.live.data.place())})


async def _metrics(request: Request) -> Response:
    market: Market = request.app.state.market
    return Response(market.metrics.render(), headers={"content-type": CONTENT_TYPE})
