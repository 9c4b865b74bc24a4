"""The page's token, which is in no address that a server or a proxy logs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.support.browser.serving import Serving, is_ready
from tests.support.eventually import wait_until
from tests.support.publisher import Publisher, trades
from tests.support.valkey import Valkey
from tickfire.phoenix import Token
from tickfire.server.access.rules import DEFAULT_SALT, Access
from tickfire.server.app import Settings, create_app

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SECRET = "a secret of more than twenty characters"


@pytest.fixture(scope="module")
def url(static: Path) -> Iterator[str]:
    valkey = Valkey()
    publisher = Publisher(valkey.client)
    publisher.instruments({1: "AAA"})
    publisher.publish(trades(10))
    server = Serving(create_app(Settings(valkey.url, Access(secret=SECRET), static=static)))
    server.start()
    try:
        wait_until(lambda: is_ready(f"{server.url}readyz"), "the server is ready")
        yield server.url
    finally:
        server.stop()
        valkey.close()


@pytest.mark.parametrize("path", ["", "pipeline"])
def test_the_token_behind_the_hash_lets_in_and_is_in_no_address(
    url: str, path: str, browser: Browser
) -> None:
    token = Token(SECRET, DEFAULT_SALT).sign("ada")
    page = browser.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("websocket", lambda socket: asked.append(socket.url))
    try:
        with page.expect_websocket() as socket:
            page.goto(f"{url}{path}#token={token}")
        socket.value.wait_for_event("framereceived")  # the server has accepted the token
        assert any("/socket/" in address for address in asked)
        assert not [address for address in asked if token in address]
    finally:
        page.close()
