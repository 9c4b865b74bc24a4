"""The application under uvicorn, in the test's own event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import httpx
import uvicorn

from tests.support.eventually import eventually
from tests.support.http import http_client
from tests.support.phoenix_client import PhoenixClient
from tests.support.publisher import STREAM, Publisher
from tests.support.quick_server import QuickServer
from tickfire.base.ports import free_port
from tickfire.phoenix import PhoenixProtocol
from tickfire.server.access.rules import Access
from tickfire.server.app import Settings, create_app
from tickfire.server.limits.admission import Admission, Limits
from tickfire.server.limits.http import LimitedHTTP
from tickfire.server.limits.websocket import LimitedWebSocket
from tickfire.server.market.market import Market
from tickfire.server.market.ticks.positions import WireId
from tickfire.store.schema import Stream


class Server:
    """The application on a free port; use `start`, and `stop` in the end."""

    def __init__(
        self, url: str, *, port: int | None = None, limits: Limits | None = None, **settings: Any
    ) -> None:
        self.admission = Admission(limits)
        whole = Settings(url, **{"access": Access(dev=True), **settings})
        self.app = create_app(whole, self.admission)
        self.market: Market = self.app.state.market
        self.port = port or free_port()
        http: Any = partial(LimitedHTTP, self.admission)
        websocket: Any = partial(LimitedWebSocket, self.admission)
        config = uvicorn.Config(
            self.app,
            port=self.port,
            http=http,
            ws=websocket,
            log_config=None,
            lifespan="on",
            timeout_graceful_shutdown=1,
        )
        self._server = QuickServer(config)
        self._task: asyncio.Task[None] | None = None
        self._clients: list[PhoenixClient] = []

    async def start(self, ready: bool = True) -> None:
        self._task = asyncio.create_task(self._server.serve())
        await eventually(lambda: self._server.started, "the server is up")
        if ready:
            await eventually(lambda: self.market.trouble() is None, "the market is ready")

    async def stop(self) -> None:
        for client in self._clients:
            await client.close()
        self._server.stop()
        if self._task is not None:
            await self._task

    @property
    def socket(self) -> str:
        """The address for phoenix.js."""
        return f"ws://127.0.0.1:{self.port}/socket"

    @property
    def requests(self) -> int:
        """The number of requests that are being answered."""
        return len(self._server.server_state.tasks)

    async def get(self, path: str) -> httpx.Response:
        """Ask for a page."""
        async with http_client() as client:
            return await client.get(f"http://127.0.0.1:{self.port}{path}")

    async def beginning(self, feed: int) -> str:
        """Return the id before the first tick of a feed, once it has been loaded."""

        def loaded() -> bool:
            live = self.market.live
            return live is not None and feed in live.feeds

        await eventually(loaded, f"feed {feed} is loaded")
        assert self.market.live is not None
        epoch = self.market.live.data.epochs[feed]
        return str(WireId.of({feed: epoch}, dict.fromkeys(epoch.streams(), 0)))

    async def client(self, **options: Any) -> PhoenixClient:
        client = await PhoenixClient.open(self.port, **options)
        self._clients.append(client)
        return client

    def unsent(self) -> int:
        """Return the number of bytes that wait to be sent to all clients."""
        return sum(one.buffered() for one in self.connections())

    def connections(self) -> list[PhoenixProtocol]:
        """Return the open WebSocket connections."""
        connections = self._server.server_state.connections
        return [one for one in connections if isinstance(one, PhoenixProtocol)]

    def position(self, stream: Stream = STREAM) -> int:
        live = self.market.live
        return -1 if live is None else live.data.positions.get(stream, -1)

    async def reaches(self, publisher: Publisher) -> None:
        """Wait until the server has read everything that was published."""
        await eventually(
            lambda: (
                [self.position(publisher.stream(s)) for s in range(publisher.shards)]
                == publisher.positions
            ),
            f"the server is at {publisher.positions}",
        )


type Serve = Callable[..., Awaitable[Server]]
