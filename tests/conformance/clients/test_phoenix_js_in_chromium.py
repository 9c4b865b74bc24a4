"""The stock phoenix.js, from npm, in Chromium: the same scenarios as in Node."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.conformance.clients.expected import EXPECTED
from tests.conformance.clients.place import Place
from tests.support.browser.chromium import launch
from tests.support.paths import CLIENT

pytestmark = [pytest.mark.browser, pytest.mark.slow]

HERE = Path(__file__).parent
STOCK = CLIENT / "node_modules" / "phoenix" / "priv" / "static"
RUN_TIMEOUT_MS = 240_000


class _Files(SimpleHTTPRequestHandler):
    """This folder, and the file that npm installed."""

    def translate_path(self, path: str) -> str:
        name = path.rpartition("/")[2]
        return str((STOCK if name == "phoenix.mjs" else HERE) / name)

    def log_message(self, format: str, *args: Any) -> None:
        """Log nothing."""


@contextlib.contextmanager
def serve_files() -> Iterator[str]:
    """Serve the page, and yield its address, with a host that the app's sockets accept."""
    _Files.extensions_map = {**_Files.extensions_map, ".mjs": "text/javascript"}
    with ThreadingHTTPServer(("127.0.0.1", 0), _Files) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://localhost:{server.server_port}/page.html"
        finally:
            server.shutdown()
            thread.join()


def run_page(page: Page, address: str, place: Place) -> dict[str, Any]:
    """Return the observations of each scenario in a page."""
    page.set_default_timeout(RUN_TIMEOUT_MS)
    page.expose_function("ask", place.app.do)
    page.goto(address)
    page.wait_for_function("globalThis.run !== undefined")
    # Not awaited by `evaluate`: while that runs, Playwright's thread could not do what is asked.
    page.evaluate(
        "addresses => { run(addresses).then((r) => (globalThis.seen = r)); }", place.addresses
    )
    page.wait_for_function("globalThis.seen !== undefined")
    results: dict[str, Any] = page.evaluate("globalThis.seen")
    return results


@pytest.fixture(scope="module")
def seen(place: Place) -> dict[str, Any]:
    with serve_files() as address, launch(webgpu=False) as browser:
        return run_page(browser.new_page(), address, place)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("scenario", EXPECTED)
def test_it_observes_the_same_as_with_phoenix(scenario: str, seen: dict[str, Any]) -> None:
    assert seen[scenario] == EXPECTED[scenario]


def test_every_scenario_is_expected(seen: dict[str, Any], place: Place) -> None:
    assert seen.keys() == EXPECTED.keys()
    assert place.refusing.upgrades == place.silent.upgrades == 1
