from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
from redis.asyncio import Redis

from tests.support.newsserver import NewsServer
from tickfire.ingest.news.fetch import client
from tickfire.ingest.redis.server import EmbeddedRedis


@pytest.fixture
def server() -> Iterator[NewsServer]:
    with NewsServer().running() as running:
        yield running


@pytest.fixture
async def redis(valkey: EmbeddedRedis) -> AsyncIterator[Redis]:
    async with Redis(port=valkey.options.port, socket_timeout=60) as client:
        yield client


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with client(trust_env=False) as made:
        yield made
