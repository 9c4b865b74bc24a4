"""Fixtures of the tests in headless Chromium."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.support.browser.built import built_package, built_page
from tests.support.browser.chromium import Chart, OpenPage, launch, open_chart
from tests.support.browser.python_panel import Served
from tests.support.browser.stage import Market, Stage


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
    """The folder of the built page."""
    return built_page()


@pytest.fixture(scope="session")
def package() -> Path:
    """The folder of the built npm package."""
    return built_package()


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
    """A server of `market`, with the page and its Python as the product serves them."""
    made = Served(market, static)
    made.start()
    yield made
    made.stop()
