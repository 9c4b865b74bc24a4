"""The example of sockets with sessions, and a page of another origin that shares its cookies."""

from __future__ import annotations

import runpy
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page
from starlette.responses import HTMLResponse

from tests.support.browser.serving import Serving
from tests.support.docs.running import EXAMPLES
from tests.support.paths import CLIENT

pytestmark = pytest.mark.browser

PHOENIX = CLIENT / "node_modules" / "phoenix" / "priv" / "static" / "phoenix.mjs"
CONNECT = """(url) => new Promise((resolve) => {
  const socket = new WebSocket(url);
  socket.onopen = () => resolve("open");
  socket.onerror = () => resolve("refused");
})"""


@pytest.fixture(scope="module")
def example() -> Iterator[Serving]:
    serving = Serving(runpy.run_path(str(EXAMPLES / "sessions.py"))["app"])
    serving.start()
    yield serving
    serving.stop()


@pytest.fixture
def page(browser: Browser, example: Serving) -> Iterator[Page]:
    """The page of the example, with a user who has logged in; phoenix.js is that from npm."""
    with browser.new_context(base_url=f"http://localhost:{example.port}") as context:
        headers = {"access-control-allow-origin": "*", "content-type": "text/javascript"}
        context.route("https://*/**", lambda route: route.fulfill(path=PHOENIX, headers=headers))
        login = context.request.post("/login", data={"user": "ann", "password": "secret"})
        assert login.ok
        page = context.new_page()
        page.goto("/")
        yield page


def test_the_page_joins_with_the_session_of_its_user(page: Page) -> None:
    page.wait_for_function("() => document.title === 'ann'")


def test_a_page_of_another_origin_has_the_cookie_but_no_token(page: Page, example: Serving) -> None:
    token = page.get_attribute("meta[name=csrf-token]", "content")
    socket = f"ws://localhost:{example.port}/socket/websocket?vsn=2.0.0"
    other = Serving(HTMLResponse("another application on this host"))
    other.start()
    try:
        page.goto(f"http://localhost:{other.port}/")
        assert page.evaluate(CONNECT, socket) == "refused"
        assert page.evaluate(CONNECT, f"{socket}&_csrf_token={token}") == "open"
    finally:
        other.stop()
