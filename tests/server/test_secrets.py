"""Secrets of clients and of settings: where they must not be seen."""

from __future__ import annotations

import contextlib
import json
import logging
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from tests.support.http import http_client
from tests.support.publisher import Publisher, trades
from tests.support.server import Serve
from tests.support.valkey import Valkey
from tickfire.archive.recorder import RecordConfig
from tickfire.ingest.adapter.options import AdapterOptions
from tickfire.ingest.gateway.config import GatewayConfig
from tickfire.phoenix import Token
from tickfire.server.access.jwt_tokens import JWTRules
from tickfire.server.access.rules import DEFAULT_SALT, Access
from tickfire.server.app import Settings
from tickfire.server.settings.secrets import shown
from tickfire.server.supervisor.config import DevConfig

SECRET = "a secret of more than twenty characters"
ELSEWHERE = ("httpx", "httpcore", "websockets", "uvicorn.access")
"""Loggers of the test's own client, and the one that `tickfire serve` does without."""


@pytest.fixture
def token() -> str:
    return Token(SECRET, DEFAULT_SALT).sign("ann")


async def test_neither_the_log_nor_the_metrics_have_a_token(
    publisher: Publisher,
    valkey: Valkey,
    serve: Serve,
    token: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    publisher.publish(trades(10))
    server = await serve(valkey.url, access=Access(secret=SECRET))
    for given in (token, token[:-2]):
        query = f"token={given}&vsn=2.0.0"
        uri = f"ws://127.0.0.1:{server.port}/socket/websocket?{query}"
        with contextlib.suppress(InvalidStatus):  # of the wrong token
            async with connect(uri) as socket:
                join = ["1", "1", "market:realtime", "phx_join", {"token": given}]
                await socket.send(json.dumps(join))
                await socket.recv()
        async with http_client() as http:
            for path in ("/socket/longpoll", "/v1/candles", "/chart.png", "/readyz"):
                await http.get(f"http://127.0.0.1:{server.port}{path}?{query}")
            metrics = (await http.get(f"http://127.0.0.1:{server.port}/metrics")).text
        assert given not in metrics
    lines = [
        record.getMessage() for record in caplog.records if not record.name.startswith(ELSEWHERE)
    ]
    assert lines and not [line for line in lines if token[:-2] in line]


@pytest.mark.parametrize(
    "configuration",
    [
        Settings("redis://:hunter2@host/0", Access(secret="hunter2"), secret="hunter2"),
        Access(jwt=JWTRules("hunter2", "https://issuer.example/?key=hunter2")),
        DevConfig(redis_url="redis://:hunter2@host/0", record="sftp://me:hunter2@host/ticks"),
        RecordConfig("sftp://me:hunter2@host/ticks"),
        AdapterOptions(key="hunter2", url="wss://me:hunter2@host"),
        GatewayConfig(keys=frozenset({"hunter2"})),
    ],
    ids=lambda each: type(each).__name__,
)
def test_the_text_of_a_configuration_has_no_secret(configuration: Any) -> None:
    assert "hunter2" not in repr(configuration)


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("archive", "sftp://me:hunter2@host/ticks", "sftp://***@host/ticks"),
        ("archive", "s3://bucket/day?secret=hunter2&a=1", "s3://bucket/day?secret=***&a=1"),
        ("jwks-url", "https://me:hunter2@host/keys", "https://host/keys"),
        ("redis-url", "rediss://h/0?ssl_password=hunter2", "rediss://h/0?ssl_password=***"),
        ("redis-url", "redis://h/0?ssl_keyfile=/key.pem", "redis://h/0?ssl_keyfile=/key.pem"),
        ("feed", "https://host/rss?sig=hunter2|60", "https://host/rss?sig=***|60"),
        ("feed", ["https://host/rss?X-Api-Key=hunter2#x"], ["https://host/rss?X-Api-Key=***"]),
        ("jwt-key", "hunter2", "***"),
        ("allow-host", "token.example", "token.example"),
    ],
)
def test_the_value_of_a_setting_is_shown_without_secrets(key: str, value: Any, said: Any) -> None:
    assert shown(key, value) == said
