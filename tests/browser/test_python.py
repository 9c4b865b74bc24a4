"""Python on the page: edited, drawn, equal to native results, with errors at their line."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest
from playwright.sync_api import Route

from tests.support.browser.chromium import OpenPage, count
from tests.support.browser.python_panel import EDITOR, Panel, Served
from tests.support.browser.stage import START_MS, Market
from tickfire.kernels import native

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(240)]

FIRST_COLOR = (0x4C, 0x9B, 0xE8)
SYMBOL = "ESU4"


def column(market: Market, place: int) -> list[float]:
    return [float(bar[place]) for bar in market.instruments[SYMBOL].bars["1m"]]


def test_a_typed_indicator_is_drawn_with_native_values(panel: Panel, market: Market) -> None:
    page = panel.page
    before = count(panel.chart.shoot(), FIRST_COLOR)
    page.click(EDITOR)
    page.keyboard.press("Control+a")
    # The editor indents what follows a colon.
    page.keyboard.type("from tickfire_browser import ema\n\ndef indicator(bars):\n")
    page.keyboard.type("return {'nine': ema(bars.close, 9)}")
    panel.count_runs_anew()
    page.keyboard.press("Control+Enter")
    panel.wait_run()
    assert panel.fault() == ""
    assert panel.state("series") == "nine"

    expected = native.ema(column(market, 4), 9)
    told = bytes.fromhex(panel.say("print(bytes(indicator(bars)['nine']).hex())"))
    np.testing.assert_array_equal(
        np.frombuffer(told)[8:].view(np.int64), expected[8:].view(np.int64)
    )
    assert np.isnan(np.frombuffer(told)[:8]).all()

    drawn = panel.chart.region(panel.chart.shoot(), "#chart .pane")
    assert count(drawn, FIRST_COLOR) > before + 200
    panel.page.wait_for_function(
        "text => document.querySelector('.series-line')?.innerText.includes(text)",
        arg=f"{expected[-1]:.2f}",
    )
    assert panel.chart.complaints == []


def test_the_policy_refuses_nothing_that_page_or_worker_does(
    serving: Served, open_page: OpenPage
) -> None:
    panel = Panel(open_page(serving.url, symbol=SYMBOL))
    panel.open()
    panel.run("from tickfire_browser import ema\ndef indicator(bars): return ema(bars.close, 9)\n")
    panel.say("import js")
    assert serving.reports == []
    # That reports do come, and of the worker: it may not make code of text, nor go elsewhere.
    assert "EvalError" in panel.say("js.Function.new('return 1')")
    panel.say("js.fetch('http://elsewhere.test/')")
    serving.wait_reports(2)
    told = {report["csp-report"]["effective-directive"] for report in serving.reports}
    assert told == {"script-src", "connect-src"}


def test_what_is_drawn_can_be_removed(panel: Panel) -> None:
    panel.run("def indicator(bars): return {'close': bars.close}\n")
    legend = panel.page.locator(".series-line", has_text="close")
    legend.wait_for()
    panel.page.click(".python-clear")
    legend.wait_for(state="detached")
    assert panel.say("6 * 7") == "42"


def test_the_line_lies_where_its_values_are(panel: Panel) -> None:
    panel.run("def indicator(bars): return [bars.close[-1]] * len(bars)\n")
    shot = panel.chart.shoot()
    pane = panel.chart.region(shot, "#chart .pane")
    rows = np.flatnonzero((pane == np.array(FIRST_COLOR)).all(axis=-1).sum(axis=1) > 100)
    label = panel.page.locator(".label-last").bounding_box()
    top = panel.page.locator("#chart").bounding_box()
    assert label is not None and top is not None
    middle = label["y"] + label["height"] / 2 - top["y"]
    assert len(rows) > 0
    assert abs(rows.mean() - middle) <= 3


def test_it_is_computed_on_live_bars(panel: Panel, market: Market, serving: Served) -> None:
    panel.run(
        "from tickfire_browser import sma\ndef indicator(bars): return {'m': sma(bars.close, 3)}\n"
    )
    for i, price in enumerate(("5530", "5531.25", "5541.75")):
        at_ms = START_MS + i * 60_000
        serving.call(
            lambda price=price, at_ms=at_ms: market.trade(  # type: ignore[misc]
                SYMBOL, price, 2, side="B", at_ms=at_ms
            )
        )
    expected = native.sma(column(market, 4), 3)[-1]
    panel.page.wait_for_function(
        "text => document.querySelector('.series-line')?.innerText.includes(text)",
        arg=f"{expected:.2f}",
        timeout=30_000,
    )
    assert panel.value("[len(bars), bars.close[-1], bars.symbol, bars.interval]") == [
        603,
        5541.75,
        SYMBOL,
        "1m",
    ]
    assert panel.chart.complaints == []


def test_another_symbol_is_computed_and_drawn_anew(panel: Panel, market: Market) -> None:
    panel.run("def indicator(bars): return {bars.symbol: bars.high - bars.low}\n")
    panel.page.locator(".watch-row", has_text="NQU4").click()
    panel.wait("series", "NQU4")
    panel.page.wait_for_function(
        "() => document.querySelector('.pane-legend')?.innerText.includes('NQU4')"
    )
    panel.page.locator(".watch-row", has_text=SYMBOL).click()
    panel.wait("series", SYMBOL)


def test_an_error_is_shown_at_its_line(panel: Panel) -> None:
    source = (
        "from tickfire_browser import sma\n"
        "def indicator(bars):\n"
        "    mean = sma(bars.close, 'ten')\n"
        "    return mean\n"
    )
    panel.run(source)
    assert panel.fault() == "TypeError, line 3: sma: period must be a number"
    assert "Computed" not in panel.page.inner_text(".python-status")
    assert panel.underlined() == [3]
    panel.page.click(".python-fault")
    assert panel.page.locator(".cm-activeLine").inner_text().strip().startswith("mean")
    panel.run("def indicator(bars):\n    return (1 +\n")
    assert panel.fault().startswith("SyntaxError, line 2: ")
    assert panel.underlined() == [2]
    panel.run("def indicator(bars): return bars.close\n")
    assert panel.fault() == ""
    assert panel.underlined() == []


def test_the_console_answers_and_remembers(panel: Panel) -> None:
    assert panel.say("6 * 7") == "42"
    assert panel.say("_ + 1") == "43"
    assert panel.say("1 / 0").startswith("ZeroDivisionError, line 1: ")
    assert panel.say("for i in range(2):") == ""
    assert panel.page.inner_text(".console-prompt") == "..."
    assert panel.say("    print('row', i)") == ""
    assert panel.say("") == "row 0\nrow 1"
    assert panel.page.inner_text(".console-prompt") == ">>>"
    panel.page.locator(".console-line").press("ArrowUp")
    assert panel.page.input_value(".console-line") == "    print('row', i)"
    panel.page.locator(".console-line").press("Escape")
    assert "…" in panel.say("'x' * 9000")
    flood = panel.say("for i in range(20_000): print(i)\n")
    assert flood == ""
    assert panel.say("").endswith("(more was printed than is shown)")


def test_nothing_is_loaded_before_it_is_opened_and_nothing_is_sent_after(
    serving: Served, open_page: OpenPage
) -> None:
    chart = open_page(serving.url, symbol=SYMBOL)
    asked: list[tuple[str, str]] = []
    chart.page.reload()
    chart.page.on("request", lambda request: asked.append((request.method, request.url)))
    chart.page.reload()
    chart.wait_live()
    assert not [url for _, url in asked if "pyodide" in url]
    panel = Panel(chart)
    panel.open()
    assert [url for _, url in asked if "/pyodide/" in url]
    assert {method for method, _ in asked} == {"GET"}
    own = urlsplit(serving.url).netloc
    assert {urlsplit(url).netloc for _, url in asked if url.startswith("http")} == {own}
    asked.clear()
    panel.run("def indicator(bars): return bars.close\n")
    panel.say("secret = 'mine'")
    # Parts of the page itself may still come.
    assert [each for each in asked if each[0] != "GET" or "/assets/" not in each[1]] == []


def test_python_starts_from_its_snapshot_and_says_how_far_it_is(
    serving: Served, open_page: OpenPage, static: Path
) -> None:
    panel = Panel(open_page(serving.url, symbol=SYMBOL))
    panel.page.evaluate(
        """() => {
          globalThis.said = [];
          new MutationObserver(() => {
            const status = document.querySelector(".python-status");
            if (status !== null) said.push(status.textContent);
          }).observe(document.getElementById("python"), {
            childList: true, characterData: true, subtree: true,
          });
        }"""
    )
    panel.open()
    pointer = json.loads((static / "pyodide" / "current.json").read_text())
    assert panel.state("snapshot") == str(pointer["snapshot"] is not None).lower()
    said = panel.page.evaluate("() => said")
    assert any(text.startswith("Starting Python") for text in said)
    assert said[-1].startswith("Python 3.")


def test_keys_in_the_editor_are_no_shortcuts_of_the_page(panel: Panel) -> None:
    panel.page.click(EDITOR)
    panel.page.keyboard.press("Control+a")
    panel.page.keyboard.type("i = 5/3")
    assert panel.text() == "i = 5/3"
    assert panel.chart.data("interval") == "1m"
    assert not panel.page.locator("#indicator-panel").is_visible()


def test_the_code_is_remembered(panel: Panel) -> None:
    panel.write("# mine\n")
    panel.page.reload()
    panel.chart.wait_live()
    panel.open()
    assert panel.text().startswith("# mine")


def test_every_example_runs(panel: Panel) -> None:
    names = panel.page.locator(".python-examples option").all_inner_texts()[1:]
    assert len(names) >= 4
    for name in names:
        panel.count_runs_anew()
        panel.page.select_option(".python-examples", label=name)
        panel.wait_run()
        assert panel.fault() == "", name
        assert panel.state("series") != "", name


@pytest.mark.parametrize("answer", ["missing", "garbage"])
def test_without_its_snapshot_python_starts_cold(
    serving: Served, open_page: OpenPage, answer: str
) -> None:
    panel = Panel(open_page(serving.url, symbol=SYMBOL))

    def refuse(route: Route) -> None:
        if answer == "missing":
            route.fulfill(status=404, body="")
        else:
            route.fulfill(body=b"\x1f\x8bnot a snapshot at all")

    panel.page.context.route("**/snapshot-*", refuse)
    panel.open()
    assert panel.state("snapshot") == "false"
    panel.run("def indicator(bars): return bars.close\n")
    assert panel.fault() == ""


def test_a_missing_distribution_is_told(serving: Served, open_page: OpenPage) -> None:
    panel = Panel(open_page(serving.url, symbol=SYMBOL))
    panel.page.context.route("**/current.json", lambda route: route.fulfill(status=404))
    panel.page.click("#python-toggle")
    panel.wait("state", "failed")
    assert "run make wasm" in panel.page.inner_text(".python-status")
    assert panel.page.is_disabled(".python-run")
