"""Health, metrics, the page and its headers, and access control."""

from __future__ import annotations

import base64
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner
from websockets.exceptions import InvalidStatus

from tests.support.eventually import eventually
from tests.support.http import http_client
from tests.support.phoenix.rawclient import open_websocket
from tests.support.phoenix_client import PhoenixClient
from tests.support.publisher import Publisher, trades
from tests.support.server import Serve, Server
from tests.support.valkey import Valkey
from tickfire.base.errors import UsageError
from tickfire.phoenix import Token
from tickfire.server.access.rules import Access
from tickfire.server.access.token_command import token
from tickfire.server.app import Settings, create_app
from tickfire.server.page import HEADERS

DESIGN_HEADERS = {
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-embedder-policy": "require-corp",
    "cross-origin-resource-policy": "same-origin",
    "content-security-policy": (
        "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; "
        "worker-src 'self' blob:; connect-src 'self'"
    ),
}


async def get(server: Server, path: str, **options: Any) -> httpx.Response:
    async with http_client() as client:
        return await client.get(f"http://127.0.0.1:{server.port}{path}", **options)


async def test_health_and_readiness(server: Server, publisher: Publisher) -> None:
    answer = await get(server, "/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok", "why": None})
    answer = await get(server, "/readyz")
    assert answer.status_code == 200
    assert answer.json() == {"ready": True, "why": None, "at": publisher.id(0), "feeds": []}


async def test_metrics_count_what_happens(server: Server, publisher: Publisher) -> None:
    client = await server.client()
    joined = await client.join("market:realtime")
    await client.join("candles:AAA:1m")
    publisher.publish(trades(20))
    await joined.count("tick", 20)
    text = (await get(server, "/metrics")).text
    for line in (
        "tickfire_ticks_read_total 20.0",
        "tickfire_frames_encoded_total 20.0",
        'tickfire_subscribers{kind="market:realtime"} 1.0',
        'tickfire_subscribers{kind="candles"} 1.0',
        'tickfire_connections{transport="websocket",worker="1"} 1.0',
        "tickfire_gaps_total 0.0",
        "tickfire_stream_lag_seconds",
        'tickfire_hop_seconds_count{hop="encode"}',
        'tickfire_client_event_seconds_count{event="socket_connected",result="ok"} 1.0',
        'tickfire_client_event_seconds_count{event="channel_joined",result="ok"} 2.0',
        'tickfire_hop_seconds_count{hop="send"}',
        'tickfire_up{part="redis"} 1.0',
        "tickfire_ready 1.0",
        "tickfire_loop_lag_seconds_count",
        "tickfire_stalls_total",
        'process_cpu_seconds_total{worker="1"}',
        "python_info",
    ):
        assert line in text
    await client.close()
    await eventually(lambda: not len(server.market.subscriptions), "the client is gone")


async def test_the_pipelines_page_has_no_slash_at_its_end(server: Server) -> None:
    answer = await get(server, "/pipeline/?symbol=AAA")
    assert (answer.status_code, answer.headers["location"]) == (307, "../pipeline?symbol=AAA")


async def test_without_a_built_client_the_page_says_so(server: Server) -> None:
    answer = await get(server, "/")
    assert answer.status_code == 503 and "not built" in answer.text
    assert answer.headers["content-security-policy"] == HEADERS["content-security-policy"]


@pytest.fixture
def static(tmp_path: Path) -> Path:
    folder = tmp_path / "static"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<!doctype html><title>it</title>")
    (folder / "pipeline.html").write_text("<!doctype html><title>pipeline</title>")
    (folder / "candles.wgsl").write_text("// shader")
    (folder / "assets" / "index-abc123.js").write_text("export {}")
    (folder / "assets" / "kernels-0f.wasm").write_bytes(b"\0asm\1\0\0\0")
    return folder


@pytest.mark.parametrize(
    ("path", "status", "kind", "cache"),
    [
        ("/", 200, "text/html", "no-cache"),
        ("/index.html", 200, "text/html", "no-cache"),
        ("/pipeline", 200, "text/html", "no-cache"),
        ("/candles.wgsl", 200, "text/wgsl", "no-cache"),
        ("/assets/index-abc123.js", 200, "text/javascript", "immutable"),
        ("/assets/kernels-0f.wasm", 200, "application/wasm", "immutable"),
        ("/assets/none.js", 404, "text/plain", "no-cache"),
        ("/%2e%2e/conftest.py", 404, "text/plain", "no-cache"),
        ("/index.html%00.js", 404, "text/plain", "no-cache"),
        ("/assets/%00", 404, "text/plain", "no-cache"),
        ("/" + "a" * 300, 404, "text/plain", "no-cache"),
        ("/%ff%ed%a0%80", 404, "text/plain", "no-cache"),
    ],
)
async def test_the_page_is_isolated_typed_and_cached(
    publisher: Publisher, valkey: Valkey, serve: Serve, static: Path,
    path: str, status: int, kind: str, cache: str,
) -> None:  # fmt: skip
    server = await serve(valkey.url, static=static)
    answer = await get(server, path)
    assert answer.status_code == status
    assert answer.headers["content-type"].startswith(kind)
    assert cache in answer.headers["cache-control"]
    assert {name: answer.headers[name] for name in DESIGN_HEADERS} == DESIGN_HEADERS
    if status == 200:
        again = await get(server, path, headers={"if-none-match": answer.headers["etag"]})
        assert again.status_code == 304
        assert again.headers["cross-origin-embedder-policy"] == "require-corp"


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        ("http://127.0.0.1", True),
        ("https://app.example.com", True),
        ("https://evil.example.org", False),
        ("null", False),
    ],
)
async def test_pages_from_elsewhere_are_refused_unless_allowed(
    publisher: Publisher, valkey: Valkey, serve: Serve, origin: str, allowed: bool
) -> None:
    server = await serve(valkey.url, allowed_origins=("//*.example.com",))
    if allowed:
        await (await server.client(origin=origin)).join("market:realtime")
        return
    with pytest.raises(InvalidStatus) as caught:
        await PhoenixClient.open(server.port, origin=origin)
    assert caught.value.response.status_code == 403


@pytest.mark.parametrize(
    ("host", "settings", "allowed"),
    [
        ("evil.com", {}, False),
        ("desk.example", {"hosts": ("desk.example",)}, True),
        ("app.example.com", {"allowed_origins": ("//*.example.com",)}, True),
        ("localhost", {}, True),
    ],
)
async def test_in_dev_mode_a_page_cannot_come_by_a_name_of_its_own(
    publisher: Publisher, valkey: Valkey, serve: Serve,
    host: str, settings: dict[str, Any], allowed: bool,
) -> None:  # fmt: skip
    server = await serve(valkey.url, **settings)
    for path in ("/", "/healthz", "/metrics"):
        answer = await get(server, path, headers={"host": f"{host}:4000"})
        assert (answer.status_code != 403) == allowed
    headers = {"Host": f"{host}:4000", "Origin": f"http://{host}:4000"}
    path = "/socket/websocket?vsn=2.0.0"
    socket, step = await open_websocket("c", "127.0.0.1", server.port, path, headers=headers)
    assert step["status"] == (101 if allowed else 403)
    if socket is not None:
        await socket.end()


async def test_with_tokens_a_host_is_checked_only_if_hosts_are_named(
    publisher: Publisher, valkey: Valkey, serve: Serve
) -> None:
    for hosts, status in (((), 200), (("desk.example",), 403)):
        server = await serve(valkey.url, access=Access(secret=SECRET), hosts=hosts)
        answer = await get(server, "/healthz", headers={"host": "evil.com"})
        assert answer.status_code == status


async def test_connections_that_ended_are_not_counted(server: Server) -> None:
    clients = [await server.client() for _ in range(3)]
    path = "/socket/websocket?vsn=2.0.0"
    refused, _ = await open_websocket(
        "c", "127.0.0.1", server.port, path, omit=("Sec-WebSocket-Version",)
    )
    assert refused is None

    async def are_counted(count: int) -> bool:
        text = (await get(server, "/metrics")).text
        return f'tickfire_connections{{transport="websocket",worker="1"}} {count:.1f}' in text

    await eventually(lambda: are_counted(3), "those that are open are counted")
    for client in clients:
        await client.close()
    await eventually(lambda: are_counted(0), "none is counted")


async def test_an_open_door_is_said_once(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(3):
        await server.client()
    assert sum("without a token" in message for message in caplog.messages) == 1


def only_bob(params: dict[str, Any], info: object) -> bool:
    return params.get("token") == "bob"


async def only_alice(params: dict[str, Any], info: object) -> bool:
    return params.get("token") == "alice"


@pytest.mark.parametrize("name", ["bob", "alice"])
async def test_an_authenticator_decides_who_connects(
    publisher: Publisher, valkey: Valkey, serve: Serve, name: str
) -> None:
    server = await serve(
        valkey.url, access=Access(authenticator=f"tests.server.test_app:only_{name}")
    )
    with pytest.raises(InvalidStatus):
        await PhoenixClient.open(server.port)
    bearer = base64.b64encode(name.encode()).decode().rstrip("=")
    for options in (
        {"vsn": f"2.0.0&token={name}"},
        {"subprotocols": ["phoenix", f"base64url.bearer.phx.{bearer}"]},
    ):
        client = await PhoenixClient.open(server.port, **options)
        assert (await client.join("market:realtime")).status == "ok"
        await client.close()


SECRET = "a secret of more than twenty characters"


async def test_a_token_of_phoenix_lets_in(
    publisher: Publisher, valkey: Valkey, serve: Serve
) -> None:
    server = await serve(valkey.url, access=Access(secret=SECRET))
    good, late = (Token(SECRET, "user socket").sign(7, signed_at=at) for at in (None, 1.0))
    other = Token(SECRET, "other").sign(7)
    for refused in ("", "&token=x", f"&token={late}", f"&token={other}"):
        with pytest.raises(InvalidStatus):
            await PhoenixClient.open(server.port, vsn=f"2.0.0{refused}")
    client = await PhoenixClient.open(server.port, vsn=f"2.0.0&token={good}")
    assert (await client.join("market:realtime")).status == "ok"
    await client.close()


async def test_a_token_expires_by_its_own_age_or_the_servers(
    publisher: Publisher, valkey: Valkey, serve: Serve
) -> None:
    server = await serve(valkey.url, access=Access(secret=SECRET, max_age_s=100))
    signer = Token(SECRET, "user socket")
    for max_age_s, age_s, allowed in ((1, 3, False), (50, 40, True), (1_000, 200, False)):
        signed = signer.sign(7, max_age_s=max_age_s, signed_at=time.time() - age_s)
        path = f"/socket/websocket?vsn=2.0.0&token={signed}"
        socket, step = await open_websocket("c", "127.0.0.1", server.port, path)
        assert step["status"] == (101 if allowed else 403)
        if socket is not None:
            await socket.end()


def test_the_command_line_makes_tokens_that_verify() -> None:
    made = CliRunner().invoke(token, ["--secret-key-base", SECRET, "ada"])
    assert Token(SECRET, "user socket").verify(made.output.strip()) == "ada"


def test_an_app_that_would_let_everyone_in_is_not_made() -> None:
    with pytest.raises(UsageError, match="who may connect"):
        create_app(Settings("redis://127.0.0.1:1"))
    with pytest.raises(UsageError, match="SECRET_KEY_BASE is too short"):
        create_app(Settings("redis://127.0.0.1:1", Access(secret="short")))
    for name in ("nothing", "no.such:thing", "tests.server.test_app:DESIGN_HEADERS"):
        with pytest.raises(UsageError, match="AUTHENTICATOR"):
            create_app(Settings("redis://127.0.0.1:1", Access(authenticator=name)))
