"""PhoenixSocket as a route, mounted, and on its own; its lifespan."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.routing import Mount

from tests.support.phoenix.serving import serve_app
from tickfire.phoenix import Channel, LongPollOptions, PhoenixProtocol, PhoenixSocket, Socket

SERVERS = {"ours": PhoenixProtocol, "plain": "websockets-sansio"}


class Room(Channel):
    async def join(self, topic: str, payload: Any, socket: Socket, room_id: str) -> Any:
        return {"room": room_id, "params": socket.params}


def socket(path: str = "", **options: Any) -> PhoenixSocket:
    return PhoenixSocket(
        path, channels={"room:{room_id}": Room}, longpoll=LongPollOptions(), **options
    )


def mounted_in_fastapi() -> Any:
    app = FastAPI()
    app.mount("/socket", socket())
    return app


def appended_to_fastapi() -> Any:
    app = FastAPI()
    app.router.routes.append(socket("/socket"))
    return app


APPS: dict[str, Callable[[], Any]] = {
    "a route": lambda: Starlette(routes=[socket("/socket")]),
    "mounted": lambda: Starlette(routes=[Mount("/socket", socket())]),
    "mounted in FastAPI": mounted_in_fastapi,
    "a route of FastAPI": appended_to_fastapi,
    "on its own": lambda: socket("/socket"),
    "within a mount": lambda: Starlette(routes=[Mount("/socket", routes=[socket()])]),
}


@pytest.mark.parametrize("server", SERVERS)
@pytest.mark.parametrize("app", APPS)
async def test_it_serves_both_transports(app: str, server: str) -> None:
    async with serve_app(APPS[app](), ws=SERVERS[server]) as served:
        async with served.client() as client:
            assert (await client.join("room:7"))["room"] == "7"
        assert await _poll(served.port, "/socket/longpoll") == ["7"]


async def _poll(port: int, path: str) -> list[str]:
    """Join by long-poll; return the rooms that the replies name."""
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as http:
        query = {"vsn": "2.0.0"}
        query["token"] = (await http.get(path, params=query)).json()["token"]
        frame = '["1","1","room:7","phx_join",{}]'
        assert (await http.post(path, params=query, content=frame)).json()["status"] == 200
        messages = (await http.get(path, params=query)).json()["messages"]
    return [message.split('"room":"')[1].split('"')[0] for message in messages]


async def test_the_params_of_a_mount_are_connect_params() -> None:
    app = Starlette(routes=[Mount("/{tenant}/socket", socket())])
    async with (
        serve_app(app) as served,
        served.client("/acme/socket/websocket?vsn=2.0.0") as client,
    ):
        assert (await client.join("room:7"))["params"]["tenant"] == "acme"


async def test_sockets_without_a_hub_have_one_each() -> None:
    assert socket().hub is not socket().hub


def test_an_unknown_option_is_refused() -> None:
    with pytest.raises(TypeError, match="no option max_chanels"):
        socket(max_chanels=3)


class Resource:
    """Records when it is entered and left."""

    def __init__(self, log: list[str], name: str, failures: int = 0) -> None:
        self.log, self.name, self.failures = log, name, failures

    async def __aenter__(self) -> None:
        await asyncio.sleep(0)  # as a connection would
        if self.failures:
            self.failures -= 1
            self.log.append(f"{self.name} fails")
            raise OSError("not there yet")
        self.log.append(f"+{self.name}")

    async def __aexit__(self, *error: object) -> None:
        self.log.append(f"-{self.name}")


async def test_resources_start_once_with_the_first_connections() -> None:
    log: list[str] = []
    mounted = socket(resources=[Resource(log, "a"), Resource(log, "b")])
    async with serve_app(Starlette(routes=[Mount("/socket", mounted)])) as served:
        assert log == []

        async def join() -> None:
            async with served.client() as client:
                await client.join("room:7")

        await asyncio.gather(join(), join(), join())
        assert log == ["+a", "+b"]


async def test_a_failed_start_refuses_and_is_tried_again() -> None:
    log: list[str] = []
    mounted = socket(resources=[Resource(log, "a"), Resource(log, "b", failures=1)])
    async with serve_app(Starlette(routes=[Mount("/socket", mounted)])) as served:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{served.port}") as http:
            assert (await http.get("/socket/longpoll")).status_code == 500
            assert (await http.get("/socket/longpoll")).json()["status"] == 410
    assert log == ["+a", "b fails", "-a", "+a", "+b"]


@contextlib.asynccontextmanager
async def lifespan_of(app: Any) -> AsyncIterator[None]:
    """Run the lifespan of an application as a server does."""
    to_app: asyncio.Queue[Any] = asyncio.Queue()
    from_app: asyncio.Queue[Any] = asyncio.Queue()
    running = asyncio.create_task(app({"type": "lifespan"}, to_app.get, from_app.put))
    async with asyncio.timeout(5):
        for phase in ("startup", "shutdown"):
            await to_app.put({"type": f"lifespan.{phase}"})
            assert (await from_app.get())["type"] == f"lifespan.{phase}.complete"
            if phase == "startup":
                yield
        await running


@pytest.mark.parametrize("on_its_own", [False, True])
async def test_a_lifespan_starts_and_stops_resources(on_its_own: bool) -> None:
    log: list[str] = []
    route = socket("/socket", resources=[Resource(log, "a"), Resource(log, "b")])
    app = route if on_its_own else Starlette(routes=[route], lifespan=route.lifespan)
    for _ in range(2):
        log.clear()
        async with lifespan_of(app):
            assert log == ["+a", "+b"]
        assert log == ["+a", "+b", "-b", "-a"]
