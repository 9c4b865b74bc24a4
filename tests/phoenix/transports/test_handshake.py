"""The handshake over the wire: refusals, their responses and their order."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from tests.support.phoenix.rawclient import Response, fetch, open_websocket
from tests.support.phoenix.serving import Served, serve, serve_app
from tickfire.phoenix import (
    URI,
    Channel,
    ConnectError,
    ConnectInfo,
    Hub,
    LongPollOptions,
    PhoenixProtocol,
    PhoenixSocket,
    Refusal,
    UserSocket,
    WebSocketOptions,
)
from tickfire.phoenix.core.routes import Routes


async def upgrade(served: Served, target: str, **headers: str) -> dict[str, Any]:
    """Try to connect; return the response as a step."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    socket, step = await open_websocket("c", "127.0.0.1", served.port, target, headers=named)
    if socket is not None:
        await socket.end()
    return step


async def get(served: Served, target: str, method: str = "GET", **headers: str) -> Response:
    host = {"Host": "localhost", "Connection": "close"}
    return await fetch("127.0.0.1", served.port, method, target, host | headers)


class Picky(UserSocket):
    """User socket that records its requests, and accepts or refuses by the params."""

    asked: list[tuple[dict[str, Any], ConnectInfo]]

    async def connect(self, params: dict[str, Any], info: ConnectInfo) -> bool:
        if "crash" in params:
            raise RuntimeError
        if "reason" in params:
            raise ConnectError(params["reason"])
        self.asked.append((params, info))
        return "refuse" not in params


def picky(**options: Any) -> tuple[Starlette, list[tuple[dict[str, Any], ConnectInfo]]]:
    asked: list[tuple[dict[str, Any], ConnectInfo]] = []

    def make() -> Picky:
        user = Picky()
        user.asked = asked
        return user

    return Starlette(routes=[PhoenixSocket("/socket/{tenant}", make, hub=Hub(), **options)]), asked


async def test_connect_sees_params_and_request() -> None:
    app, asked = picky()
    async with serve_app(app) as served:
        target = "/socket/acme/websocket?vsn=2.0.0&a[b]=c&tenant=query"
        step = await upgrade(served, target, User_Agent="ua/1", X_Twice="a")
        assert step["status"] == 101
    [(params, info)] = asked
    assert params == {"vsn": "2.0.0", "a": {"b": "c"}, "tenant": "acme"}
    assert info.transport == "websocket"
    assert info.uri == URI("http", "localhost", served.port, *target.split("?"))
    assert str(info.uri) == f"http://localhost:{served.port}{target}"
    assert info.user_agent == "ua/1"
    assert info.host == "localhost"
    assert info.headers["x-twice"] == "a"
    assert info.peer is not None
    assert info.peer[0] == "127.0.0.1"
    assert info.auth_token is None
    assert info.session is None


@pytest.mark.parametrize(
    ("query", "status", "body"),
    [
        ("vsn=2.0.0&refuse=1", 403, ""),
        ("vsn=2.0.0&reason=busy", 429, "busy"),
        ("vsn=2.0.0&crash=1", 500, '{"errors":{"detail":"Internal Server Error"}}'),
        ("vsn=3.0.0&crash=1", 403, ""),
        ("vsn=2.0.0&x=%ff", 400, '{"errors":{"detail":"Bad Request"}}'),
    ],
)
async def test_refusals_are_those_of_phoenix(query: str, status: int, body: str) -> None:
    def explain(reason: Any) -> Refusal:
        return Refusal(429, str(reason).encode())

    app, _ = picky(websocket=WebSocketOptions(error_handler=explain))
    async with serve_app(app) as served:
        step = await upgrade(served, f"/socket/t/websocket?{query}")
        assert (step["status"], step["body"]) == (status, body)
        assert ("content-type" in step["headers"]) == body.startswith("{")


async def test_checks_run_in_the_order_of_phoenix() -> None:
    app, asked = picky(websocket=WebSocketOptions(subprotocols=("a",)))
    async with serve_app(app) as served:
        everything_wrong = {"Origin": "http://evil.example", "Sec_WebSocket_Protocol": "x"}
        wrong_version = {"Sec_WebSocket_Version": "8"}
        bad = "/socket/t/websocket?vsn=9"
        for headers in (
            everything_wrong | wrong_version,
            {"Sec_WebSocket_Protocol": "x"} | wrong_version,
            wrong_version,
        ):
            assert (await upgrade(served, bad, **headers))["status"] == 403
        assert asked == []
        step = await upgrade(served, "/socket/t/websocket?vsn=2.0.0", **wrong_version)
        assert len(asked) == 1
        assert step["body"] == "'sec-websocket-version' header must equal '13', got [\"8\"]"


async def test_plain_requests_get_the_missing_header_in_the_response() -> None:
    app, _ = picky()
    async with serve_app(app) as served:
        target = "/socket/t/websocket?vsn=2.0.0"
        response = await get(served, target)
        assert response.status == 400
        assert response.text == "'connection' header must contain 'upgrade', got [\"close\"]"
        assert response.headers["cache-control"] == "max-age=0, private, must-revalidate"
        assert "content-type" not in response.headers
        for method in ("POST", "PUT", "DELETE", "OPTIONS", "HEAD"):
            response = await get(served, target, method)
            assert (response.status, response.body) == (400, b"")
        response = await get(served, "/socket/t/elsewhere")
        assert (response.status, response.text) == (404, "not found")
        response = await get(served, "/socket/t")
        assert (response.status, response.text) == (404, "not found")
        step = await upgrade(served, "/socket/t/elsewhere")
        assert (step["status"], step["body"]) == (404, "not found")
        step = await upgrade(served, target + "&", Connection="keep-alive, Upgrade")
        assert step["status"] == 101


async def test_a_head_that_is_too_large_is_refused_and_does_not_hang() -> None:
    app, _ = picky()
    async with serve_app(app) as served:
        step = await upgrade(served, "/socket/t/websocket?vsn=2.0.0&x=" + "y" * 9_000)
        assert step["status"] == 414
        step = await upgrade(served, "/socket/t/websocket?vsn=2.0.0", Cookie="y" * 11_000)
        assert step["status"] == 431
        many = {f"X_{number}": "y" for number in range(200)}
        step = await upgrade(served, "/socket/t/websocket?vsn=2.0.0", **many)
        assert step["status"] == 431


async def test_an_application_that_fails_in_the_handshake_answers_500() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        raise RuntimeError

    async def says_nothing(scope: Any, receive: Any, send: Any) -> None:
        return None

    for broken in (app, says_nothing):
        async with serve_app(broken) as served:
            assert (await upgrade(served, "/"))["status"] == 500


async def test_a_user_socket_that_fails_answers_500_as_json() -> None:
    class BrokenId(UserSocket):
        def id(self) -> str:
            raise RuntimeError

    def broken_factory() -> UserSocket:
        raise RuntimeError

    for broken in (BrokenId, broken_factory):
        route = PhoenixSocket("/socket", broken, hub=Hub(), longpoll=LongPollOptions())
        async with serve_app(Starlette(routes=[route])) as served:
            step = await upgrade(served, "/socket/websocket?vsn=2.0.0")
            assert (step["status"], step["body"][:10]) == (500, '{"errors":')
            response = await get(served, "/socket/longpoll?vsn=2.0.0")
            assert (response.status, response.text[:10]) == (500, '{"errors":')


async def test_other_routes_of_the_application_keep_working() -> None:
    async def echo(socket: WebSocket) -> None:
        await socket.accept()
        async for text in socket.iter_text():
            await socket.send_text(f"{socket.path_params['name']}: {text}")

    async def fails(socket: WebSocket) -> None:
        await socket.accept()
        raise RuntimeError

    async def page(request: Any) -> PlainTextResponse:
        return PlainTextResponse("a page")

    routes = [
        PhoenixSocket("/socket", UserSocket, hub=Hub()),
        WebSocketRoute("/echo/{name}", echo),
        WebSocketRoute("/fails", fails),
        Route("/", page),
    ]
    async with serve_app(Starlette(routes=routes)) as served:
        assert (await get(served, "/")).text == "a page"
        async with served.client("/echo/me") as client:
            await client.connection.send("hello")
            assert await client.connection.recv() == "me: hello"
            await client.connection.send("x" * 100_000)
            assert len(await client.connection.recv()) == 100_004
        async with served.client("/fails") as client:
            await client.connection.wait_closed()
        assert (await upgrade(served, "/nowhere"))["status"] == 403
        bad = await upgrade(served, "/echo/me", Sec_WebSocket_Key="short")
        assert bad["status"] == 400
        with_body = await upgrade(served, "/echo/me", Content_Length="5")
        assert with_body["status"] == 400


async def test_channels_may_be_built_with_arguments() -> None:
    class Greeter(Channel):
        def __init__(self, greeting: str) -> None:
            self.greeting = greeting

        async def join(self, topic: str, payload: Any, socket: Any) -> Any:
            return {"greeting": self.greeting}

    async with serve({"room:*": lambda: Greeter("hi")}) as served, served.client() as client:
        assert await client.join("room:1") == {"greeting": "hi"}


def test_a_pattern_with_a_star_inside_is_refused() -> None:
    with pytest.raises(ValueError, match="only the last character"):
        Routes({"room:*:x": Channel})


def test_the_first_pattern_that_matches_wins() -> None:
    class A(Channel):
        pass

    class B(Channel):
        pass

    routes = Routes({"exact": A, "room:lobby": A, "room:*": B, "room:late": A})
    assert routes.find("room:lobby") is A
    assert routes.find("room:late") is B
    assert routes.find("room:") is B
    assert routes.find("exact") is A
    assert routes.find("exact:1") is None
    assert routes.find("") is None


REFUSED = {
    "/socket/websocket?origin": "a connection: check_origin does not allow the origin 'http://evil.example'",
    "/socket/websocket?vsn=2.0.0&subprotocol": (
        "a connection: none of the subprotocols 'b, c' is accepted, which are 'a'"
    ),
    "/socket/websocket?vsn=9.0.0": "a connection: vsn '9.0.0' is not supported",
    "/socket/websocket?%ff": ("a request: its query cannot be decoded: '/socket/websocket?%ff'"),
    "/socket?vsn=2.0.0": (
        "a request: no transport is at '/socket', only at the socket's path with '/websocket'"
    ),
}


@pytest.mark.parametrize("ws", [PhoenixProtocol, "websockets-sansio"], ids=["phoenix", "asgi"])
@pytest.mark.parametrize("target", REFUSED)
async def test_a_refusal_is_logged_once_with_its_reason(
    target: str, ws: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, "tickfire.phoenix")
    options = WebSocketOptions(subprotocols=("a",))
    headers = {}
    if "origin" in target:
        headers["Origin"] = "http://evil.example"
    if "subprotocol" in target:
        headers["Sec_WebSocket_Protocol"] = "b, c"
    async with serve({}, websocket=options, server={"ws": ws}) as served:
        for _ in range(3):
            step = await upgrade(served, target, **headers)
            assert step["status"] != 101
    assert [text for text in caplog.messages if "refused" in text] == ["refused " + REFUSED[target]]


async def test_a_join_that_no_channel_serves_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING, "tickfire.phoenix")
    async with serve({"room:*": Channel}) as served, served.client() as client:
        for ref in "123":
            await client.send(ref, ref, "rom:1", "phx_join", {})
            await client.receive()
    assert caplog.messages == ["refused a join of 'rom:1': unmatched topic"]


async def test_long_poll_logs_its_refusals(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING, "tickfire.phoenix")
    async with serve({}, longpoll=LongPollOptions()) as served:
        await get(served, "/socket/longpoll?vsn=2.0.0", Origin="http://evil.example")
    assert caplog.messages == [
        "refused a connection: check_origin does not allow the origin 'http://evil.example'"
    ]


@pytest.mark.parametrize(
    ("host", "uri"),
    [
        ("example.com:4000", URI("http", "example.com", 4000, "/socket/a/websocket", "b=%20c")),
        ("[::1]:80", URI("http", "[::1]", 80, "/socket/a/websocket", "b=%20c")),
        ("example.com:x", URI("http", "example.com:x", 80, "/socket/a/websocket", "b=%20c")),
    ],
)
async def test_the_uri_has_the_parts_that_the_client_requested(host: str, uri: URI) -> None:
    app, asked = picky(check_origin=False)
    async with serve_app(app) as served:
        await upgrade(served, "/socket/a/websocket?b=%20c", Host=host)
    assert asked[0][1].uri == uri
    port = ":4000" if uri.port == 4000 else ""
    assert str(asked[0][1].uri) == f"http://{uri.host}{port}/socket/a/websocket?b=%20c"


@pytest.mark.parametrize("ws", [PhoenixProtocol, "websockets-sansio"], ids=["phoenix", "asgi"])
@pytest.mark.parametrize(
    ("path", "transport"),
    [
        ("/socket/:user", "/ws/:room"),
        ("socket/:user", "ws/:room"),
        ("socket/{user}/", "ws/{room}/"),
        ("/socket", ":user/ws/:room"),
    ],
)
async def test_variables_of_both_paths_are_connect_params(
    path: str, transport: str, ws: Any
) -> None:
    asked: list[tuple[dict[str, Any], ConnectInfo]] = []

    def make() -> Picky:
        user = Picky()
        user.asked = asked
        return user

    poll = LongPollOptions(path=transport.replace("ws", "poll"))
    socket = PhoenixSocket(path, make, websocket=WebSocketOptions(path=transport), longpoll=poll)
    async with serve_app(Starlette(routes=[socket]), ws=ws) as served:
        step = await upgrade(served, "/socket/ann/ws/red%20room?vsn=2.0.0&user=query")
        assert step["status"] == 101
        response = await get(served, "/socket/ann/poll/red%20room?vsn=2.0.0")
        assert response.status == 200
        assert (await upgrade(served, "/socket/ann/ws?vsn=2.0.0"))["status"] != 101
    params = {"vsn": "2.0.0", "user": "ann", "room": "red room"}
    assert [each for each, _ in asked] == [params, params]
