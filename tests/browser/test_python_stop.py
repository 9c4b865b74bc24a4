"""Endless Python is stopped by the button and by the time limit, and the page stays responsive."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.support.browser.chromium import open_chart
from tests.support.browser.python_panel import RUN_TIMEOUT_MS, Panel, Served
from tests.support.browser.stage import START_MS, Market

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(240)]

SYMBOL = "ESU4"
LOOP = "def indicator(bars):\n    while True:\n        pass\n"
STUBBORN = (
    "def indicator(bars):\n"
    "    while True:\n"
    "        try:\n"
    "            while True: pass\n"
    "        except BaseException: pass\n"
)


@pytest.fixture(scope="module", params=["isolated", "not isolated"])
def started(request: pytest.FixtureRequest, serving: Served, browser: Browser) -> Iterator[Panel]:
    """The panel on an isolated page, and on plain http outside localhost."""
    isolated = request.param == "isolated"
    url = serving.url if isolated else serving.url.replace("127.0.0.1", "insecure.test")
    made = Panel(open_chart(browser, url, symbol=SYMBOL))
    assert made.page.evaluate("() => crossOriginIsolated") is isolated
    made.open()
    yield made
    made.page.context.close()


def trade(panel: Panel, serving: Served, market: Market, price: str, ms: int) -> None:
    """Make a trade, and wait until the page shows it."""
    at_ms = START_MS + ms
    serving.call(lambda: market.trade(SYMBOL, price, 1, side="B", at_ms=at_ms))
    panel.chart.wait_data("lastPrice", price)
    panel.chart.settle()


def wait_fault(panel: Panel, text: str) -> None:
    panel.page.wait_for_function(
        "text => document.querySelector('.python-fault')?.innerText.includes(text)",
        arg=text,
        timeout=RUN_TIMEOUT_MS,
    )


def works_on(panel: Panel) -> None:
    panel.wait_ready()
    panel.run("def indicator(bars): return {'again': bars.close}\n")
    assert panel.fault() == ""
    assert panel.state("series") == "again"
    assert panel.say("2 + 2") == "4"


def test_the_button_stops_a_loop_and_the_page_lives(
    panel: Panel, serving: Served, market: Market
) -> None:
    panel.say("kept = 1")
    isolated: bool = panel.page.evaluate("() => crossOriginIsolated")
    panel.write(LOOP)
    panel.start()
    trade(panel, serving, market, "5525.5", 1)
    panel.page.click(".python-stop")
    wait_fault(panel, "stopped")
    if isolated:
        assert panel.fault().startswith("Stopped, line ")
        assert panel.underlined() in ([2], [3])
        assert panel.say("kept") == "1"
    else:
        panel.wait_ready()
        assert panel.say("kept").startswith("NameError")
    works_on(panel)
    trade(panel, serving, market, "5526.5", 2)


def test_the_limit_stops_a_loop_without_anyone(
    panel: Panel, serving: Served, market: Market
) -> None:
    panel.write(LOOP)
    panel.start()
    trade(panel, serving, market, "5525.5", 1)
    assert panel.state("busy") == "true"
    panel.pass_limit()
    wait_fault(panel, "stopped after 5 s")
    works_on(panel)
    told = [each for each in panel.chart.complaints if "Opener-Policy" not in each]
    assert told == []


def test_code_that_swallows_what_stops_it_ends_with_its_worker(panel: Panel) -> None:
    panel.write(STUBBORN)
    panel.start()
    panel.page.click(".python-stop")
    wait_fault(panel, "Python was restarted")
    works_on(panel)


def test_a_loop_in_the_console_is_stopped(panel: Panel) -> None:
    assert panel.say("while True: pass") == ""
    panel.page.locator(".console-line").press("Enter")
    panel.wait("busy", "true")
    panel.page.click(".python-stop")
    panel.page.locator(".entry-error", has_text="Stopped").wait_for(timeout=RUN_TIMEOUT_MS)
    panel.wait_ready()
    assert panel.say("3 + 3") == "6"


def test_a_loop_that_begins_on_live_bars_is_not_begun_again(
    panel: Panel, serving: Served, market: Market
) -> None:
    panel.run(
        "def indicator(bars):\n    while bars.close[-1] > 5530: pass\n    return bars.close\n"
    )
    assert panel.fault() == ""
    trade(panel, serving, market, "5540.25", 1)
    panel.wait("busy", "true")
    panel.page.click(".python-stop")
    wait_fault(panel, "stopped")
    panel.wait_ready()
    trade(panel, serving, market, "5541.25", 2)
    assert panel.say("1 + 1") == "2"


def test_what_ends_python_itself_is_told_and_python_goes_on(panel: Panel) -> None:
    panel.run("def indicator(bars):\n    return indicator(bars)\n")
    assert panel.fault().startswith("line 2: the function calls itself too deeply (RecursionError")
    works_on(panel)
    panel.run("def indicator(bars):\n    exit(1)\n")
    assert panel.fault() == "SystemExit, line 2: there is nothing to exit here"
    works_on(panel)
