"""`PhoenixSocket` in applications: as a route and mounted, its resources, and its options."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections.abc import Callable
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route
from starlette.types import Message
from websockets.exceptions import InvalidStatus

from tests.support.phoenix.rawclient import fetch
from tests.support.phoenix.serving import Served, serve_app
from tickfire.phoenix import (
    Channel,
    LongPollOptions,
    PhoenixProtocol,
    PhoenixSocket,
    Socket,
    UserSocket,
    event,
)

STOCK = "websockets-sansio"
HEADERS = {"Host": "localhost", "Connection": "close"}


class Room(Channel):
    async def join(self, topic: str, payload: Any, socket: Socket, room_id: str) -> Any:
        return {"room": room_id}

    @event("shout")
    async def shout(self, payload: Any, socket: Socket) -> None:
        socket.hub.broadcast(socket.topic, "shout", payload)


def room_socket(path: str = "", **options: Any) -> PhoenixSocket:
    return PhoenixSocket(
        path, channels={"room:{room_id}": Room}, longpoll=LongPollOptions(window_s=5), **options
    )


def routed() -> Starlette:
    return Starlette(routes=[room_socket("/socket")])


def mounted_in_starlette() -> Starlette:
    app = Starlette()
    app.mount("/socket", room_socket())
    return app


def mounted_in_fastapi() -> FastAPI:
    app = FastAPI()
    app.mount("/socket", room_socket())
    return app


def routed_in_fastapi() -> FastAPI:
    app = FastAPI()
    app.router.routes.append(room_socket("/socket"))
    return app


def mounted_in_a_mount() -> Starlette:
    inner = Starlette(routes=[Mount("/socket", room_socket())])
    return Starlette(routes=[Mount("/api", inner)])


APPS: dict[str, tuple[Callable[[], Any], str]] = {
    "route": (routed, "/socket"),
    "starlette": (mounted_in_starlette, "/socket"),
    "fastapi": (mounted_in_fastapi, "/socket"),
    "fastapi route": (routed_in_fastapi, "/socket"),
    "nested": (mounted_in_a_mount, "/api/socket"),
    "alone": (room_socket, ""),
}

each_app = pytest.mark.parametrize(("make", "path"), APPS.values(), ids=APPS.keys())
each_server = pytest.mark.parametrize("ws", [PhoenixProtocol, STOCK], ids=["protocol", "asgi"])


class Recorded:
    """A resource that records its starts and stops; its first `failures` starts fail."""

    def __init__(self, failures: int = 0, *, name: str = "", log: list[str] | None = None) -> None:
        self.steps: list[str] = [] if log is None else log
        self._failures = failures
        self._name = f"{name} " if name else ""

    async def __aenter__(self) -> None:
        if self.steps.count("failed") < self._failures:
            self.steps.append("failed")
            raise ConnectionError("the resource is away")
        self.steps.append(f"{self._name}started")

    async def __aexit__(self, *error: Any) -> None:
        self.steps.append(f"{self._name}stopped")


async def polled(served: Served, path: str) -> list[Any]:
    """Join a room by long-poll, and return the reply."""
    token = ""

    async def request(method: str, message: Any = None) -> Any:
        nonlocal token
        body = b"" if message is None else json.dumps(message).encode()
        headers = HEADERS | {"Content-Length": str(len(body))}
        headers |= {"Content-Type": "application/x-ndjson"}
        target = f"{path}/longpoll?vsn=2.0.0&token={token}"
        response = await fetch("127.0.0.1", served.port, method, target, headers, body)
        answer = json.loads(response.text)
        token = answer.get("token", token)
        return answer

    assert (await request("GET"))["status"] == 410
    assert (await request("POST", ["1", "1", "room:7", "phx_join", {}]))["status"] == 200
    [reply] = (await request("GET"))["messages"]
    return list(json.loads(reply))


# --- applications
@each_server
@each_app
async def test_clients_join_by_websocket(make: Callable[[], Any], path: str, ws: Any) -> None:
    url = f"{path}/websocket?vsn=2.0.0"
    async with serve_app(make(), ws=ws) as served:
        async with served.client(url) as ann, served.client(url) as bob:
            assert await ann.join("room:7") == {"room": "7"}
            assert await bob.join("room:7") == {"room": "7"}
            await ann.send("1", "2", "room:7", "shout", {"n": 1})
            for client in (ann, bob):
                assert await client.receive() == [None, None, "room:7", "shout", {"n": 1}]


@each_server
@each_app
async def test_clients_join_by_long_poll(make: Callable[[], Any], path: str, ws: Any) -> None:
    async with serve_app(make(), ws=ws) as served:
        reply = await polled(served, path)
    assert reply[3:] == ["phx_reply", {"status": "ok", "response": {"room": "7"}}]


def test_a_socket_can_be_printed_and_compared() -> None:
    one, other = room_socket("/socket"), room_socket("/socket")
    assert repr(one) == "PhoenixSocket(path='/socket', name=None)"
    assert one == one and one != other and len({one, other}) == 2
    assert "PhoenixSocket" in repr(Mount("/rooms", one))


async def test_unknown_paths_below_a_socket_are_not_found() -> None:
    async with serve_app(mounted_in_fastapi()) as served:
        for target in ("/socket/", "/socket/other"):
            response = await fetch("127.0.0.1", served.port, "GET", target, HEADERS)
            assert (response.status, response.text) == (404, "not found"), target
        with pytest.raises(InvalidStatus, match="404"):
            async with served.client("/socket/other"):
                pass


async def test_path_params_of_the_mount_are_connect_params() -> None:
    class Tenant(UserSocket):
        async def connect(self, params: dict[str, Any], info: Any) -> bool:
            return bool(params["tenant"] == "acme")

    app = FastAPI()
    app.mount("/{tenant}/socket", PhoenixSocket("", Tenant, channels={"room:{room_id}": Room}))
    async with serve_app(app) as served:
        async with served.client("/acme/socket/websocket?vsn=2.0.0") as client:
            assert await client.join("room:7") == {"room": "7"}
        with pytest.raises(InvalidStatus, match="403"):
            async with served.client("/other/socket/websocket?vsn=2.0.0"):
                pass


async def test_each_socket_has_a_hub_of_its_own_by_default() -> None:
    one, other = room_socket(), room_socket()
    app = FastAPI()
    app.mount("/one", one)
    app.mount("/other", other)
    assert one.hub is not other.hub
    async with (
        serve_app(app) as served,
        served.client("/one/websocket?vsn=2.0.0") as ann,
        served.client("/other/websocket?vsn=2.0.0") as bob,
    ):
        await ann.join("room:7")
        await bob.join("room:7")
        one.hub.broadcast("room:7", "news", {})
        assert (await ann.receive())[3] == "news"
        await bob.heard_nothing()


# --- resources
@each_server
async def test_resources_start_once_with_the_first_connection(ws: Any) -> None:
    first, second = Recorded(), Recorded()
    app = FastAPI()
    app.mount("/socket", room_socket(resources=[first, second]))
    async with serve_app(app, ws=ws) as served:
        assert first.steps == []
        async with contextlib.AsyncExitStack() as stack:
            connecting = [stack.enter_async_context(served.client()) for _ in range(3)]
            for client in await asyncio.gather(*connecting):
                assert await client.join("room:7") == {"room": "7"}
        await polled(served, "/socket")
    assert first.steps == second.steps == ["started"]


async def test_resources_start_and_stop_with_the_lifespan() -> None:
    resource = Recorded()
    socket = room_socket(resources=[resource])
    app = FastAPI(lifespan=socket.lifespan)
    app.mount("/socket", socket)
    async with serve_app(app, lifespan="on") as served:
        assert resource.steps == ["started"]
        async with served.client() as client:
            await client.join("room:7")
    assert resource.steps == ["started", "stopped"]


async def test_a_lifespan_stops_resources_in_reverse_order_and_runs_again() -> None:
    order: list[str] = []
    socket = room_socket(resources=[Recorded(name="a", log=order), Recorded(name="b", log=order)])
    for _ in range(2):
        order.clear()
        async with socket.lifespan():
            assert order == ["a started", "b started"]
        assert order == ["a started", "b started", "b stopped", "a stopped"]


async def test_a_socket_served_alone_runs_its_own_lifespan() -> None:
    resource = Recorded()
    async with serve_app(room_socket(resources=[resource]), lifespan="on") as served:
        assert resource.steps == ["started"]
        async with served.client("/websocket?vsn=2.0.0") as client:
            await client.join("room:7")
    assert resource.steps == ["started", "stopped"]


async def test_a_lifespan_reports_a_resource_that_fails_to_start() -> None:
    socket = room_socket(resources=[Recorded(failures=1)])
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "lifespan.startup"}

    async def send(message: Message) -> None:
        sent.append(message)

    with pytest.raises(ConnectionError):
        await socket({"type": "lifespan"}, receive, send)
    assert sent == [{"type": "lifespan.startup.failed", "message": "the resource is away"}]


@each_server
async def test_a_resource_that_fails_to_start_is_tried_again(
    ws: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL, "tickfire.phoenix")
    before, failing = Recorded(), Recorded(failures=2)
    app = FastAPI()
    app.mount("/socket", room_socket(resources=[before, failing]))
    async with serve_app(app, ws=ws) as served:
        with pytest.raises(InvalidStatus, match="500"):
            async with served.client():
                pass
        response = await fetch(
            "127.0.0.1", served.port, "GET", "/socket/longpoll?vsn=2.0.0", HEADERS
        )
        assert response.status == 500
        async with served.client() as client:
            assert await client.join("room:7") == {"room": "7"}
    assert before.steps == ["started", "stopped"] * 2 + ["started"]
    assert failing.steps == ["failed", "failed", "started"]


async def hello(request: Request) -> PlainTextResponse:
    return PlainTextResponse("hello")


async def test_the_application_beside_a_socket_is_served() -> None:
    app = Starlette(routes=[room_socket("/socket"), Route("/hello", hello)])
    async with serve_app(app) as served:
        response = await fetch("127.0.0.1", served.port, "GET", "/hello", HEADERS)
        assert (response.status, response.text) == (200, "hello")


# --- options
def test_an_unknown_option_is_refused() -> None:
    with pytest.raises(TypeError, match="no option max_chanels"):
        PhoenixSocket("/socket", max_chanels=1)  # type: ignore[call-arg]


def test_a_bad_topic_pattern_is_refused_at_once() -> None:
    with pytest.raises(ValueError, match="only the last character may be"):
        PhoenixSocket("/socket", channels={"room:*:all": Channel})
