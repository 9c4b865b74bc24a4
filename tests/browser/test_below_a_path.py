"""The page below a path of a reverse proxy, with the real market application behind it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.browser.chromium import OpenPage
from tests.support.browser.python_panel import Panel
from tests.support.browser.reverse_proxy import proxy_app
from tests.support.browser.serving import Serving, is_ready
from tests.support.eventually import wait_until
from tests.support.publisher import DAY, SECOND, Publisher, tick, trades
from tests.support.valkey import Valkey
from tickfire.server.access.rules import Access
from tickfire.server.app import Settings, create_app

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(240)]

TRADES = 300


@pytest.fixture(scope="module")
def valkey() -> Iterator[Valkey]:
    server = Valkey()
    yield server
    server.close()


@pytest.fixture(scope="module")
def publisher(valkey: Valkey) -> Publisher:
    publisher = Publisher(valkey.client)
    publisher.instruments({1: "AAA", 2: "EUR/USD"})
    for instrument in (1, 2):
        publisher.publish(trades(TRADES, instrument, step=60 * SECOND))
    return publisher


@pytest.fixture(scope="module", params=["a proxy that strips", "a proxy that does not"])
def url(
    request: pytest.FixtureRequest, valkey: Valkey, publisher: Publisher, static: Path
) -> Iterator[str]:
    """Yield the page's address at the proxy; only one that does not strip needs the root path."""
    strip = request.param == "a proxy that strips"
    root_path = "" if strip else "/desk"
    settings = Settings(valkey.url, Access(dev=True), static=static, root_path=root_path)
    server = Serving(create_app(settings))
    server.start()
    proxy = Serving(proxy_app(server.port, "/desk", strip=strip))
    proxy.start()
    try:
        wait_until(lambda: is_ready(f"{proxy.url}desk/readyz"), "the server is ready")
        yield f"{proxy.url}desk/"
    finally:
        proxy.stop()
        server.stop()


def test_live_candles_a_reload_and_python(
    url: str, publisher: Publisher, open_page: OpenPage
) -> None:
    chart = open_page(url, symbol="EUR/USD", interval="1m")
    assert chart.data("symbol") == "EUR/USD"
    count = int(chart.data("candles"))
    at = DAY + (count + TRADES) * 60 * SECOND
    publisher.publish(tick(instrument=2, price=123 * SECOND, at=at))
    chart.wait_data("candles", str(count + 1))
    chart.wait_data("lastPrice", "123")
    chart.page.reload()
    chart.wait_live()
    assert chart.data("symbol") == "EUR/USD"
    assert chart.page.url.startswith(url)
    panel = Panel(chart)
    panel.open()
    assert panel.say("print(6 * 7)") == "42"
    assert chart.complaints == []


def test_webgpu_finds_its_shader(url: str, open_page: OpenPage) -> None:
    chart = open_page(url, renderer="webgpu", symbol="AAA", interval="5m")
    assert (chart.data("renderer"), chart.data("interval")) == ("webgpu", "5m")
    assert chart.complaints == []
