"""Fixtures for tests in headless Chromium: `browser`, `open_page`, and a `stage` to open."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.support.browser.chromium import Chart, launch, open_chart
from tests.support.browser.python_panel import Served
from tests.support.browser.serving import Serving
from tests.support.browser.stage import Market, create_app

ROOT = Path(__file__).parents[2]
CLIENT = ROOT / "client_js"
STATIC = ROOT / "server" / "tickfire" / "server" / "static"

JOIN_TIMEOUT_S = 10

OpenPage = Callable[..., Chart]


@pytest.fixture(scope="module")  # its event loop must be gone before other tests' begin
def browser() -> Iterator[Browser]:
    with launch() as browser:
        yield browser


@pytest.fixture
def open_page(browser: Browser) -> Iterator[OpenPage]:
    """Open the dashboard: `open_page(url, renderer=..., symbol=..., interval=...)`."""
    opened: list[Chart] = []

    def open_page(url: str, **options: object) -> Chart:
        chart = open_chart(browser, url, **options)  # type: ignore[arg-type]
        opened.append(chart)
        return chart

    yield open_page
    for chart in opened:
        chart.page.context.close()


@pytest.fixture(scope="session")
def static() -> Path:
    """The built page, built anew when a source is newer."""
    index = STATIC / "index.html"
    sources = [CLIENT / "index.html", *CLIENT.glob("src/**/*"), *CLIENT.glob("shaders/*")]
    newest = max(path.stat().st_mtime for path in sources)
    if not index.exists() or index.stat().st_mtime < newest:
        subprocess.run(["npm", "run", "--silent", "build:page"], cwd=CLIENT, check=True)
    return STATIC


class Stage:
    """A served market that the test moves."""

    def __init__(self, market: Market, static: Path) -> None:
        self.market = market
        self.serving = Serving(create_app(market, str(static)))

    @property
    def url(self) -> str:
        return self.serving.url

    def wait_join(self, topic: str) -> None:
        """Wait until a client has joined `topic`, and its reply is written."""
        with self.market.joined:
            joins = self.market.joins
            assert self.market.joined.wait_for(lambda: topic in dict(joins), JOIN_TIMEOUT_S)
        self.serving.call(lambda: None)

    def trade(self, symbol: str, price: str, volume: int, *, at_ms: int, side: str = "B") -> None:
        """Let one trade happen."""
        self.serving.call(lambda: self.market.trade(symbol, price, volume, side=side, at_ms=at_ms))


@pytest.fixture
def stage(static: Path) -> Iterator[Stage]:
    made = Stage(Market(), static)
    made.serving.start()
    yield made
    made.serving.stop()


@pytest.fixture
def market() -> Market:
    return Market()


@pytest.fixture
def serving(market: Market, static: Path) -> Iterator[Served]:
    """The market, with the page as the product serves it, the browser's Python included."""
    made = Served(market, static)
    made.start()
    yield made
    made.stop()
