"""Sessions of Starlette's SessionMiddleware, which only clients with a CSRF token see."""

from __future__ import annotations

import contextlib
import json
import logging
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from tests.support.phoenix.rawclient import fetch, open_websocket
from tests.support.phoenix.serving import Served, serve_app
from tickfire.phoenix import (
    ConnectInfo,
    LongPollOptions,
    PhoenixProtocol,
    PhoenixSocket,
    UserSocket,
    csrf_token,
)

STOCK = "websockets-sansio"
SECRET = "only for tests"


class Site:
    """A site with pages for logged-in users, whose socket records the sessions that it sees."""

    def __init__(self, served: Served, sessions: list[Any]) -> None:
        self._served = served
        self._sessions = sessions

    async def visit(self, path: str, cookie: str = "") -> tuple[str, str]:
        """Return the text of a page, and the cookie that the browser then has."""
        headers = {"Host": "localhost", "Connection": "close", "Cookie": cookie}
        response = await fetch("127.0.0.1", self._served.port, "GET", path, headers)
        assert response.status == 200
        return response.text, response.headers.get("set-cookie", cookie).partition(";")[0]

    async def session(self, transport: str, cookie: str, query: str = "") -> Any:
        """Connect, and return the session that the user socket sees."""
        target = f"/socket/{transport}?vsn=2.0.0&{query}"
        if transport == "websocket":
            socket, step = await open_websocket(
                "c", "127.0.0.1", self._served.port, target, headers={"Cookie": cookie}
            )
            assert step["status"] == 101
            assert socket is not None
            await socket.end()
        else:
            text, _ = await self.visit(target, cookie)
            assert json.loads(text)["status"] == 410  # a new session of long-poll
        return self._sessions.pop()


@pytest.fixture(params=[PhoenixProtocol, STOCK], ids=["own protocol", "plain ASGI"])
def protocol(request: pytest.FixtureRequest) -> Any:
    return request.param


@contextlib.asynccontextmanager
async def site(protocol: Any = PhoenixProtocol, **options: Any) -> AsyncIterator[Site]:
    sessions: list[Any] = []

    class User(UserSocket):
        async def connect(self, params: dict[str, Any], info: ConnectInfo) -> None:
            sessions.append(info.session)

    async def login(request: Request) -> PlainTextResponse:
        request.session.clear()
        request.session["user"] = request.path_params["user"]
        return PlainTextResponse(csrf_token(request, options.get("csrf_token_key", "_csrf_token")))

    async def page(request: Request) -> PlainTextResponse:
        return PlainTextResponse(csrf_token(request))

    socket = PhoenixSocket("/socket", User, longpoll=LongPollOptions(), **options)
    app = Starlette(
        routes=[Route("/login/{user}", login), Route("/page", page), socket],
        middleware=[Middleware(SessionMiddleware, secret_key=SECRET)],
    )
    async with serve_app(app, ws=protocol) as served:
        yield Site(served, sessions)


def param(token: str) -> str:
    return f"_csrf_token={quote(token)}"


@pytest.mark.parametrize("transport", ["websocket", "longpoll"])
async def test_a_session_is_seen_with_its_token_alone(
    protocol: Any, transport: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "tickfire.phoenix")
    async with site(protocol) as shop:
        token, cookie = await shop.visit("/login/ann")
        another, same_cookie = await shop.visit("/page", cookie)
        assert same_cookie == cookie
        assert another != token
        foreign, _ = await shop.visit("/login/bob")
        for valid in (token, another):
            session = await shop.session(transport, cookie, param(valid))
            assert session["user"] == "ann"
        assert not caplog.messages
        stored = session["_csrf_token"]
        for query in ("", param(foreign), param(stored), param("bad"), f"_csrf_token[]={token}"):
            assert await shop.session(transport, cookie, query) is None, query
        assert set(caplog.messages) == {
            "withheld the session: the param _csrf_token is absent or not valid"
        }
        caplog.clear()
        assert await shop.session(transport, "", param(token)) is None
        assert await shop.session(transport, "session=forged", param(token)) is None
        assert not caplog.messages


async def test_a_login_that_clears_the_session_ends_earlier_tokens() -> None:
    async with site() as shop:
        early, cookie = await shop.visit("/page")
        assert set(await shop.session("websocket", cookie, param(early))) == {"_csrf_token"}
        _, cookie = await shop.visit("/login/ann", cookie)
        assert await shop.session("websocket", cookie, param(early)) is None


async def test_the_token_may_have_another_key_in_the_session() -> None:
    async with site(csrf_token_key="csrf") as shop:
        token, cookie = await shop.visit("/login/ann")
        assert set(await shop.session("websocket", cookie, param(token))) == {"user", "csrf"}
        default, cookie = await shop.visit("/page", cookie)
        assert await shop.session("websocket", cookie, param(default)) is None


@pytest.mark.parametrize("transport", ["websocket", "longpoll"])
async def test_without_the_check_every_session_is_seen(transport: str) -> None:
    async with site(check_csrf=False) as shop:
        _, cookie = await shop.visit("/login/ann")
        assert (await shop.session(transport, cookie))["user"] == "ann"
        assert await shop.session(transport, "") == {}


def test_origins_or_tokens_must_be_checked() -> None:
    with pytest.raises(ValueError, match="check_origin and check_csrf must not both be False"):
        PhoenixSocket("/socket", check_origin=False, check_csrf=False)
    PhoenixSocket("/socket", check_origin=lambda origin: True, check_csrf=False)
    PhoenixSocket("/socket", check_origin=False)
