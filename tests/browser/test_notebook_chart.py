"""The chart of tickfire.client.notebook in a page, with the messages that its kernel sends."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route

from tickfire.client import Candle
from tickfire.client.notebook import Chart

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

ADDRESS = "http://notebook.test/"
MINUTE_MS = 60_000
PAGE = """<!doctype html>
<meta charset="utf-8" />
<title>notebook</title>
<div id="cell" style="width: 900px"></div>
<script type="module">
import widget from "./chart.js";

const [state, listeners, sent] = [{}, new Map(), []];
const model = {
  get: (name) => state[name],
  send: (content) => sent.push(content),
  on: (name, callback) => listeners.set(name, callback),
  off: (name) => listeners.delete(name),
};
const show = (traits) => {
  Object.assign(state, traits);
  window.end = widget.render({ model, el: document.querySelector("#cell") });
};
const change = (name, value) => {
  state[name] = value;
  listeners.get(`change:${name}`)();
};
const receive = (content) => listeners.get("msg:custom")(content);
Object.assign(window, { show, change, receive, sent, listeners });
</script>
"""


def candle(number: int, close: str = "5524.25", *, closed: bool = True) -> Candle:
    price = Decimal(close)
    return Candle(
        symbol="ESU4", interval="1m", time=number * MINUTE_MS, open=price, high=price + 1,
        low=price - 1, close=price, volume=3, trades=2, vwap=None, closed=closed,
    )  # fmt: skip


class Kernel(Chart):
    """A widget that keeps its messages instead of sending them."""

    def __init__(self, **traits: Any) -> None:
        self.messages: list[dict[str, Any]] = []
        super().__init__(**traits)

    def send(self, content: Any, buffers: Any = None) -> None:
        self.messages.append(content)

    def deliver(self, page: Page) -> None:
        """Exchange all messages with the page."""
        for content in page.evaluate("() => sent.splice(0)"):
            self._answer(self, content, None)
        for message in self.messages:
            page.evaluate("(message) => receive(message)", message)
        self.messages.clear()

    def shown(self) -> dict[str, Any]:
        names = ("symbol", "interval", "tick_size", "theme", "time_zone", "height")
        return {name: getattr(self, name) for name in names}


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1000, "height": 600})
    page = context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))

    def answer(route: Route) -> None:
        if route.request.url.endswith("chart.js"):
            route.fulfill(body=str(Chart._esm), content_type="text/javascript")
        else:
            route.fulfill(body=PAGE, content_type="text/html")

    page.route(f"{ADDRESS}**", answer)
    page.goto(ADDRESS)
    page.wait_for_function("() => window.show !== undefined")
    yield page
    context.close()
    assert complaints == []


def test_it_draws_what_the_kernel_sends(page: Page) -> None:
    chart = Kernel(symbol="ESU4", interval="1m", tick_size="0.25")
    chart.set_candles([candle(number) for number in range(100)])
    page.evaluate("(traits) => show(traits)", chart.shown())
    chart.messages.clear()
    chart.deliver(page)  # the page asks, and is sent all candles
    cell = page.locator("#cell")
    cell.get_by_text("5524.25").first.wait_for()
    assert cell.locator("canvas").count() > 0
    assert cell.locator(".tickfire-widget").bounding_box() == {
        "x": 8, "y": 8, "width": 900, "height": 420,
    }  # fmt: skip
    chart.update(candle(100, "5600.5", closed=False))
    chart.deliver(page)
    cell.get_by_text("5600.50").first.wait_for()
    chart.update(candle(100, "5601.5"))
    chart.deliver(page)
    cell.get_by_text("5601.50").first.wait_for()
    page.evaluate("() => change('theme', 'light')")
    page.evaluate("() => end()")
    assert page.evaluate("() => listeners.size") == 0


def test_late_candles_are_put_in_their_places(page: Page) -> None:
    chart = Kernel(symbol="ESU4", interval="1m")
    chart.set_candles([candle(0), candle(2)])
    chart.messages.clear()
    chart.update(candle(1))
    assert [row[0] for row in chart.messages[0]["bars"]] == [0, MINUTE_MS, 2 * MINUTE_MS]
    assert [each.time for each in chart.candles] == [0, MINUTE_MS, 2 * MINUTE_MS]
