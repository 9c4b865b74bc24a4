"""Fixtures of tests with a market server over a real Valkey; a conftest.py imports them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.publisher import Publisher
from tests.support.server import Serve, Server
from tests.support.valkey import Valkey


@pytest.fixture
def publisher(valkey: Valkey) -> Publisher:
    """Return a publisher of an epoch with the instruments AAA (1) and BBB (2)."""
    publisher = Publisher(valkey.client)
    publisher.instruments({1: "AAA", 2: "BBB"})
    return publisher


@pytest.fixture
async def serve(tmp_path: Path) -> AsyncIterator[Serve]:
    """Yield a function that starts a server, which is stopped after the test."""
    servers: list[Server] = []

    async def start(url: str, ready: bool = True, **settings: Any) -> Server:
        server = Server(url, **{"static": tmp_path} | settings)
        servers.append(server)
        await server.start(ready)
        return server

    yield start
    for server in servers:
        await server.stop()


@pytest.fixture
async def server(publisher: Publisher, valkey: Valkey, serve: Serve) -> Server:
    """Return a server of the epoch of `publisher`."""
    return await serve(valkey.url)
