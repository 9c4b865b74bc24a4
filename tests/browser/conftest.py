"""Fixtures of the tests in headless Chromium."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.support.browser.built import built_package, built_page
from tests.support.browser.chromium import LIVE_TIMEOUT_MS, OpenPage, open_chart
from tests.support.browser.pages import Pages
from tests.support.browser.python_panel import Panel, Served
from tests.support.browser.stage import Market, Stage, staged

PAGES = Pages()
expect.set_options(timeout=LIVE_TIMEOUT_MS)  # the machine may be busy with other tests
FAILED: set[Path] = set()
"""Files with a failed test: it may have left the browsers in any state."""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """Keep in mind in which files a test failed."""
    if call.excinfo is not None:
        FAILED.add(item.path)
    return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> Iterator[None]:
    """Close the browsers after the last test of this folder: other tests have event loops.

    They are closed after the last test of a file, too, if one of its tests failed.
    """
    try:
        return (yield)
    finally:
        leaves_folder = nextitem is None or nextitem.path.parent != Path(__file__).parent
        leaves_file = nextitem is None or nextitem.path != item.path
        if leaves_folder or (leaves_file and item.path in FAILED):
            PAGES.close()


@pytest.fixture(scope="module")  # it is another one after tests of another folder
def browser() -> Browser:
    """Chromium without WebGPU."""
    return PAGES.browser(webgpu=False)


@pytest.fixture
def open_page() -> Iterator[OpenPage]:
    """Open the dashboard: `open_page(url, renderer=..., symbol=..., interval=...)`."""
    yield PAGES.open
    PAGES.take_back()


@pytest.fixture(scope="session")
def port() -> Iterator[int]:
    """The port of one server after another, so that pages can be used again."""
    with socket.socket() as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind(("127.0.0.1", 0))
        yield holder.getsockname()[1]


@pytest.fixture(scope="session")
def static() -> Path:
    """The folder of the built page."""
    return built_page()


@pytest.fixture(scope="session")
def package() -> Path:
    """The folder of the built npm package."""
    return built_package()


@pytest.fixture
def stage(static: Path, port: int) -> Iterator[Stage]:
    """A market that the test moves, and the page at its address."""
    with staged(Market(), static, port) as stage:
        yield stage


@pytest.fixture(scope="module")
def market() -> Market:
    return Market()


@pytest.fixture(scope="module")
def serving(market: Market, static: Path) -> Iterator[Served]:
    """A server of `market`, with the page and its Python as the product serves them."""
    made = Served(market, static)
    made.start()
    yield made
    made.stop()


@pytest.fixture(scope="module")
def started(serving: Served, browser: Browser) -> Iterator[Panel]:
    """The panel "Python" of a page, opened, with Python started: which takes seconds."""
    made = Panel(open_chart(browser, serving.url, symbol="ESU4", renderer="canvas2d"))
    made.open()
    yield made
    made.page.context.close()


@pytest.fixture
def panel(started: Panel) -> Panel:
    """The panel "Python", with an empty editor and nothing drawn."""
    started.clear()
    return started
