"""Other symbols compared with the chart's, in percent: by keys, mouse, touch, address and Back."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.support.browser.chromium import Chart, OpenPage, count, open_chart
from tests.support.browser.pixels import act, assert_equal, shoot_pane
from tests.support.browser.stage import START_MS, Market, Stage, staged
from tests.support.eventually import wait_until

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

OWN, OTHER, LATE, RARE = "ESU4", "NQU4", "GCQ4", "CLQ4"
SIZE = {"width": 1100, "height": 760}
"""Narrow enough that no splitter lies over the pane's left edge."""
FIRST_COLOR = (0x5B, 0x8D, 0xEF)
LATE_CANDLES = 20
NONE = "\N{EM DASH}"
"""The change of a symbol without a candle."""


def prepared() -> Market:
    """Return a market of two pages of candles; one symbol begins late, one trades rarely."""
    market = Market(history=2600)
    late = market.instruments[LATE].bars["1m"]
    late[:] = late[-LATE_CANDLES:]
    rare = market.instruments[RARE].bars["1m"]
    rare[:] = rare[::25]
    return market


@pytest.fixture(scope="module")
def stage(static: Path) -> Iterator[Stage]:
    with staged(prepared(), static) as stage:
        yield stage


@pytest.fixture
def chart(stage: Stage, browser: Browser) -> Iterator[Chart]:
    made = open_chart(browser, stage.url, viewport=SIZE, renderer="canvas2d", symbol=OWN)
    yield made
    assert made.complaints == []
    made.page.context.close()


def compare(chart: Chart, symbol: str) -> None:
    """Choose a symbol by keyboard alone."""
    chart.choose("c", "#compare-panel", symbol)


def entries(chart: Chart) -> dict[str, str]:
    """Return the changes in the legend, by symbol."""
    found: dict[str, str] = chart.page.evaluate(
        """() => Object.fromEntries(
          [...document.querySelectorAll(".compare-legend li")].map((row) => [
            row.dataset.symbol, row.querySelector(".compare-change").textContent,
          ]))"""
    )
    return found


def wait_entry(chart: Chart, symbol: str) -> str:
    """Wait until the legend has a change of a symbol; return it."""
    wait_until(lambda: "%" in entries(chart).get(symbol, ""), f"a change of {symbol}")
    return entries(chart)[symbol]


def wait_scale(chart: Chart, scale: str) -> None:
    shown = chart.page.locator("#scale")
    wait_until(lambda: shown.input_value() == scale, f"the scale is {scale}")


def share(text: str) -> float:
    """Return a change in percent; NaN where the legend has none."""
    if text == NONE:
        return math.nan
    return float(re.sub("[%+]", "", text).replace("\N{MINUS SIGN}", "-"))


def closes(stage: Stage, symbol: str) -> dict[int, float]:
    return {bar[0]: float(bar[4]) for bar in stage.market.instruments[symbol].bars["1m"]}


def visible_since(chart: Chart, stage: Stage) -> int:
    """Return the time of the first candle in sight: the one under the pane's left edge."""
    box: Any = chart.page.locator("#chart .pane").bounding_box()
    chart.page.mouse.move(box["x"], box["y"] + 200)
    chart.settle()
    opened = chart.text(".legend-pair:nth-child(2) .legend-value")
    bars = stage.market.instruments[OWN].bars["1m"]
    volume = chart.text(".legend-pair:nth-child(6) .legend-value")
    (time,) = {bar[0] for bar in bars if float(bar[1]) == float(opened) and volume == told(bar[5])}
    return int(time)


def told(volume: int) -> str:
    """Return a volume as the legend tells it."""
    if volume < 9_999.5:
        return str(volume)
    scaled = volume / 1000
    return f"{scaled:.{0 if scaled >= 99.95 else 1 if scaled >= 9.995 else 2}f}K"


def test_lines_count_from_the_first_candle_in_sight_and_follow_each_trade(
    stage: Stage, chart: Chart
) -> None:
    before = count(chart.region(chart.shoot(), "#chart .pane"), FIRST_COLOR)
    chart.page.keyboard.press("c")
    compare(chart, OTHER.lower())
    chart.page.keyboard.press("Escape")
    wait_scale(chart, "percent")
    wait_entry(chart, OTHER)
    chart.settle()
    assert count(chart.region(chart.shoot(), "#chart .pane"), FIRST_COLOR) - before > 400
    for move in (None, ("zoom out", 300, 500), ("pan", 200, 600)):
        if move is not None:
            act(chart, *move)
        prices, since = closes(stage, OTHER), visible_since(chart, stage)
        chart.page.mouse.move(2, 2)
        chart.settle()
        newest = prices[max(prices)]
        expected = 100 * (newest / prices[since] - 1)
        assert share(entries(chart)[OTHER]) == pytest.approx(expected, abs=0.006)
        label = chart.page.locator(".label-line:not([hidden])").inner_text()
        assert share(label) == pytest.approx(expected, abs=0.006)
    chart.page.keyboard.press("End")
    prices, since = closes(stage, OTHER), visible_since(chart, stage)
    chart.page.mouse.move(2, 2)
    at_ms = max(prices)
    stage.trade(OTHER, "20518.5", 3, at_ms=at_ms)
    expected = 100 * (20518.5 / prices[since] - 1)
    wait_until(
        lambda: share(entries(chart)[OTHER]) == pytest.approx(expected, abs=0.006),
        "the change after a trade of the other symbol",
    )


def test_a_line_begins_with_its_first_candle_and_goes_on_at_its_last_value(
    stage: Stage, chart: Chart
) -> None:
    compare(chart, LATE)
    compare(chart, RARE)
    chart.page.keyboard.press("Escape")
    wait_entry(chart, LATE)
    wait_entry(chart, RARE)
    box: Any = chart.page.locator("#chart .pane").bounding_box()
    chart.page.mouse.move(box["x"] + 40, box["y"] + 200)
    wait_until(lambda: entries(chart)[LATE] == NONE, "no value before the first candle")
    late = stage.market.instruments[LATE].bars["1m"]
    chart.page.mouse.move(2, 2)
    expected = 100 * (float(late[-1][4]) / float(late[0][4]) - 1)
    wait_until(
        lambda: share(entries(chart)[LATE]) == pytest.approx(expected, abs=0.006),
        "the change since its own first candle",
    )
    chart.page.locator("#chart").focus()
    steps = []
    for _ in range(60):
        chart.page.keyboard.press("Shift+ArrowLeft")
        chart.settle()
        steps.append(entries(chart)[RARE])
    changes = sum(one != other for one, other in pairwise(steps))
    assert 1 <= changes <= 3, steps


def test_the_choice_is_in_the_address_kept_and_taken_back(stage: Stage, chart: Chart) -> None:
    page = chart.page
    page.select_option("#scale", "log")
    compare(chart, OTHER)
    compare(chart, "eur/usd")
    page.keyboard.press("Escape")
    wait_entry(chart, OTHER)
    wait_entry(chart, "EUR/USD")
    assert f"compare={OTHER}%2CEUR%2FUSD" in page.url and "scale=log" in page.url
    page.reload()
    chart.wait_live()
    wait_entry(chart, "EUR/USD")
    assert page.locator("#compare").get_attribute("data-count") == "2"
    page.get_by_role("button", name="Stop comparing EUR/USD").click()
    wait_until(lambda: list(entries(chart)) == [OTHER], "one left")
    page.go_back()
    wait_until(lambda: list(entries(chart)) == [OTHER, "EUR/USD"], "both again after Back")
    page.go_back()
    wait_until(lambda: list(entries(chart)) == [OTHER], "one after Back")
    page.go_back()
    wait_until(lambda: entries(chart) == {}, "none after Back")
    wait_scale(chart, "log")
    page.go_forward()
    wait_until(lambda: list(entries(chart)) == [OTHER], "one after Forward")
    wait_scale(chart, "percent")
    page.locator(".compare-legend button").focus()
    page.keyboard.press("Enter")
    wait_until(lambda: entries(chart) == {}, "none after its button")
    wait_scale(chart, "log")
    assert "compare" not in page.url
    assert page.evaluate("document.activeElement.id") == "chart"


def test_at_most_four_and_unknown_ones_are_told_by_name(stage: Stage, chart: Chart) -> None:
    page = chart.page
    query = "compare=nosuch,nqu4,GCQ4,CLQ4,ZNU4,EUR/USD"
    page.goto(f"{stage.url}?renderer=canvas2d&symbol={OWN}&{query}")
    chart.wait_live()
    wait_until(lambda: list(entries(chart)) == [OTHER, "GCQ4", "CLQ4", "ZNU4"], "four of six")
    told = "At most 4 symbols can be compared, not EUR/USD."
    wait_until(lambda: chart.text("#status-event") == told, "what is left out")
    compare(chart, "EUR/USD")
    assert chart.text(".compare-error") == "At most 4 symbols can be compared."
    page.get_by_role("button", name="Stop comparing", exact=True).click()
    wait_until(lambda: entries(chart) == {}, "none left")
    page.goto(f"{stage.url}?renderer=canvas2d&symbol={OWN}&compare=nosuch")
    wait_until(
        lambda: chart.text("#status-event") == "nosuch is not in this market, and is not compared.",
        "the unknown symbol",
    )


def test_it_follows_another_interval_and_another_symbol(stage: Stage, chart: Chart) -> None:
    compare(chart, OTHER)
    chart.page.keyboard.press("Escape")
    wait_entry(chart, OTHER)
    chart.page.keyboard.press("3")
    chart.wait_data("interval", "5m")
    stage.wait_join(f"candles:{OTHER}:5m")
    wait_entry(chart, OTHER)
    chart.page.keyboard.press("/")
    chart.page.keyboard.type(OTHER)
    chart.page.keyboard.press("Enter")
    wait_until(lambda: entries(chart) == {}, "nothing to compare with itself")
    wait_scale(chart, "linear")
    chart.page.go_back()
    wait_entry(chart, OTHER)
    wait_scale(chart, "percent")


def test_older_candles_of_the_other_symbol_come_on_the_way_left(stage: Stage, chart: Chart) -> None:
    compare(chart, OTHER)
    chart.page.keyboard.press("Escape")
    wait_entry(chart, OTHER)
    chart.page.locator("#chart").focus()
    oldest = stage.market.instruments[OWN].bars["1m"][0][0]

    def reaches() -> bool:
        chart.page.keyboard.press("Home")
        chart.settle()
        return chart.text("#chart-past") == "Beginning of history"

    wait_until(reaches, "the beginning of history")
    box: Any = chart.page.locator("#chart .pane").bounding_box()

    def first_change() -> str:
        for x in range(4, int(box["width"]), 40):
            chart.page.mouse.move(box["x"] + x, box["y"] + 200)
            chart.settle()
            if (change := entries(chart)[OTHER]) != NONE:
                return change
        return NONE

    wait_until(lambda: first_change() == "0.00%", "the other symbol's first candle")
    assert closes(stage, OTHER)[oldest] > 0


def test_a_finger_removes_one(stage: Stage, open_page: OpenPage) -> None:
    size = {"width": 390, "height": 800}
    chart = open_page(
        stage.url, viewport=size, touch=True, symbol=OWN, compare=OTHER, renderer="canvas2d"
    )
    wait_entry(chart, OTHER)
    button = chart.page.locator(".compare-legend button")
    box: Any = button.bounding_box()
    assert min(box["width"], box["height"]) >= 44
    chart.page.touchscreen.tap(box["x"] + 22, box["y"] + 22)
    wait_until(lambda: entries(chart) == {}, "none after the tap")
    assert chart.complaints == []


def test_both_renderers_draw_the_same(stage: Stage, open_page: OpenPage) -> None:
    charts = [
        open_page(
            stage.url,
            renderer=renderer,
            symbol=OWN,
            compare=f"{OTHER},{LATE},{RARE}",
            viewport={"width": 1000, "height": 640},
        )
        for renderer in ("webgpu", "canvas2d")
    ]
    for chart in charts:
        for symbol in (OTHER, LATE, RARE):
            wait_entry(chart, symbol)
        chart.settle()
    assert_equal(*map(shoot_pane, charts))
    for move, x, amount in (("zoom in", 300, 400), ("pan", 200, 700), ("zoom out", 300, 2400)):
        for chart in charts:
            act(chart, move, x, amount)
        assert_equal(*map(shoot_pane, charts))
    stage.trade(OWN, "5530", 7, at_ms=START_MS)
    stage.trade(LATE, "2350", 7, at_ms=START_MS)
    for chart in charts:
        chart.page.mouse.move(2, 2)
        chart.page.keyboard.press("End")
        chart.wait_data("lastPrice", "5530")
    since = float(stage.market.instruments[LATE].bars["1m"][0][4])
    for chart in charts:
        wait_until(
            lambda chart=chart: (
                share(entries(chart)[LATE])  # type: ignore[misc]
                == pytest.approx(100 * (2350 / since - 1), abs=0.006)
            ),
            "the trade",
        )
        chart.settle()
    assert_equal(*map(shoot_pane, charts))
