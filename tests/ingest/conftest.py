from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from tickfire.base.ports import free_port
from tickfire.ingest.redis.options import RedisOptions
from tickfire.ingest.redis.server import EmbeddedRedis
from tickfire.ingest.writer import announcements, output, reports
from tickfire.store.store import Store

PATIENCE_S = 60.0


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a clean stop of ingest take its time on a busy machine."""
    monkeypatch.setattr(announcements, "FINISH_S", PATIENCE_S)
    monkeypatch.setattr(reports, "FINISH_S", PATIENCE_S)
    monkeypatch.setattr(output, "CLOSE_TIMEOUT_S", PATIENCE_S)


@pytest.fixture
async def valkey() -> AsyncIterator[EmbeddedRedis]:
    """A Valkey for this test alone."""
    server = EmbeddedRedis(RedisOptions(free_port()))
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def client(valkey: EmbeddedRedis) -> AsyncIterator[Redis]:
    connection = Redis(port=valkey.options.port)
    yield connection
    await connection.aclose()


@pytest.fixture
async def store(valkey: EmbeddedRedis) -> AsyncIterator[Store]:
    opened = await Store.open(f"redis://127.0.0.1:{valkey.options.port}/0")
    yield opened
    await opened.close()
