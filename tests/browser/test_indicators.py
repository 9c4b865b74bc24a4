"""Indicators on the page: chosen in the menu, computed in the worker, drawn, with native's bits."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.support.browser.chromium import Chart, OpenPage, count
from tests.support.browser.house import house
from tests.support.browser.pixels import act, assert_equal, shoot_pane
from tests.support.browser.stage import START_MS, Stage
from tests.support.eventually import wait_until
from tests.support.kernels.vectors import FEW, vectors
from tests.support.paths import ROOT
from tickfire.kernels import native

pytestmark = [pytest.mark.browser, pytest.mark.timeout(400)]  # kernels may have to be compiled

DESK = Path(__file__).with_name("desk.js").read_text()
CHECK = ROOT / "tests" / "kernels" / "indicators" / "check_vectors.mjs"
FIRST_COLOR = (0xF5, 0x9E, 0x42)
FULLEST_COLOR = (107, 118, 132)
EDGES_OF_TEXT = 10
"""Pixels of that colour, at most, in the smoothed edges of the legend's text."""
CHOSEN = [
    {"name": "bollinger", "params": {"period": 20, "width": 2}, "color": "#5b8def"},
    {"name": "sar", "params": {}, "color": "#d65db1"},
    {"name": "ema", "params": {"period": 9}, "color": "#f59e42"},
    {"name": "rsi", "params": {}, "color": "#8a6fe8"},
    {"name": "macd", "params": {}, "color": "#3fb6a8"},
]
KEEP = f"localStorage.setItem('tickfire.indicators', {json.dumps(json.dumps(CHOSEN))});"
MINUTE_MS = 60_000

Column = NDArray[np.float64]

everywhere = pytest.mark.parametrize("isolated", [True, False], ids=["shared", "transferred"])


def address(stage: Stage, isolated: bool) -> str:
    """Return the page's address: isolated, or under a host name without a secure context."""
    return stage.url if isolated else stage.url.replace("127.0.0.1", "insecure.test")


def complaints(chart: Chart) -> list[str]:
    """Return the problems reported by the page, except about headers that plain http disables."""
    return [text for text in chart.complaints if "Cross-Origin-Opener-Policy" not in text]


def add(chart: Chart, search: str) -> None:
    """Add the first indicator that a search finds, by keyboard alone."""
    chart.choose("i", "#indicator-panel", search)


def wait_computed(chart: Chart, names: list[str], bars: int) -> dict[str, Any]:
    """Wait for results of these indicators over so many bars; return them with their bars."""
    chart.page.wait_for_function(
        """([names, bars]) => {
          const results = Object.values(desk.answered?.results ?? {});
          const done = results.filter((r) => r.columns.every((c) => c.length >= bars));
          return names.every((name) => done.some((each) => each.name === name));
        }""",
        arg=[names, bars],
    )
    answered: dict[str, Any] = chart.page.evaluate("desk.answered")
    return answered


def assert_native(answered: dict[str, Any]) -> list[str]:
    """Compare every result with native's over the same bars; return the indicators' names."""
    bars = {name: np.array(column, np.float64) for name, column in answered["bars"].items()}
    for result in answered["results"].values():
        numbers = result["numbers"]
        expected: dict[str, Any] = {
            "ema": lambda n=numbers: [native.ema(bars["close"], n["period"])],
            "rsi": lambda n=numbers: [native.rsi(bars["close"], n["period"])],
            "macd": lambda n=numbers: native.macd(bars["close"], n["fast"], n["slow"], n["signal"]),
            "bollinger": lambda n=numbers: native.bollinger(bars["close"], n["period"], n["width"]),
            "sar": lambda n=numbers: [
                native.sar(bars["high"], bars["low"], n["acceleration"], n["maximum"])
            ],
        }
        wanted = expected[result["name"]]()
        for got, want in zip(result["columns"], wanted, strict=True):
            assert_bits(np.array(got, np.float64), want)
    return sorted(result["name"] for result in answered["results"].values())


def assert_bits(got: Column, want: Column) -> None:
    assert len(got) == len(want)
    both_nan = np.isnan(got) & np.isnan(want)
    assert bool((both_nan | (got.view(np.int64) == want.view(np.int64))).all())


@everywhere
def test_an_average_and_an_oscillator_have_the_bits_of_native(
    stage: Stage, open_page: OpenPage, isolated: bool
) -> None:
    chart = open_page(address(stage, isolated), symbol="ESU4", init=DESK)
    assert chart.page.evaluate("crossOriginIsolated") is isolated
    add(chart, "exponential moving")
    add(chart, "rsi")
    chart.page.keyboard.press("Escape")
    answered = wait_computed(chart, ["ema", "rsi"], 600)
    assert chart.page.evaluate("desk.shared") is isolated
    assert assert_native(answered) == ["ema", "rsi"]
    assert [float(bar[4]) for bar in stage.market.instruments["ESU4"].bars["1m"]] == answered[
        "bars"
    ]["close"]
    for i, price in enumerate(["5524.5", "5530", "5521.25", "5522", "5519"]):
        stage.trade("ESU4", price, 3, at_ms=START_MS + i * MINUTE_MS // 2)
        chart.wait_data("lastPrice", price)
    answered = wait_computed(chart, ["ema", "rsi"], 603)
    chart.page.wait_for_function("desk.answered.bars.close.at(-1) === 5519")
    assert assert_native(chart.page.evaluate("desk.answered")) == ["ema", "rsi"]
    assert complaints(chart) == []


@pytest.mark.parametrize("renderer", ["webgpu", "canvas2d"])
def test_a_line_is_drawn_told_in_the_legend_and_removed(
    stage: Stage, open_page: OpenPage, renderer: str
) -> None:
    chart = open_page(stage.url, symbol="ESU4", renderer=renderer, init=DESK)
    before = count(chart.region(chart.shoot(), "#chart .pane"), FIRST_COLOR)
    add(chart, "ema")
    chart.page.keyboard.press("Escape")
    answered = wait_computed(chart, ["ema"], 600)
    chart.page.wait_for_selector(".series-line >> text=EMA 20")
    (ema,) = answered["results"].values()
    chart.page.wait_for_function(
        "text => document.querySelector('.series-value')?.innerText === text",
        arg=f"{ema['columns'][0][-1]:.2f}",
    )
    drawn = count(chart.region(chart.shoot(), "#chart .pane"), FIRST_COLOR)
    assert drawn - before > 500, "pixels of the line"
    box = chart.page.locator("#chart .pane").bounding_box()
    assert box is not None
    chart.page.mouse.move(box["x"] + 200, box["y"] + 100)
    chart.settle()
    assert float(chart.text(".series-value")) in {round(x, 2) for x in ema["columns"][0][19:]}
    chart.page.keyboard.press("i")
    chart.page.click(".chosen-remove")
    chart.page.keyboard.press("Escape")
    chart.settle()
    assert count(chart.region(chart.shoot(), "#chart .pane"), FIRST_COLOR) == before
    assert chart.page.locator(".series-line").count() == 0
    assert complaints(chart) == []


def test_the_volume_profile_is_switched_on_follows_the_view_and_is_kept(
    stage: Stage, open_page: OpenPage
) -> None:
    def fullest(chart: Chart) -> int:
        return count(chart.region(chart.shoot(), "#chart .pane"), FULLEST_COLOR)

    chart = open_page(stage.url, symbol="ESU4", renderer="canvas2d")
    assert fullest(chart) <= EDGES_OF_TEXT
    chart.page.keyboard.press("i")
    chart.page.click("#volume-profile")
    chart.page.keyboard.press("Escape")
    wait_until(lambda: fullest(chart) > 200, "pixels of the fullest price")
    drawn = fullest(chart)
    act(chart, "pan", 300, -900)
    wait_until(
        lambda: fullest(chart) > EDGES_OF_TEXT and fullest(chart) != drawn,
        "the profile of another view",
    )
    chart.page.reload()
    chart.wait_live()
    wait_until(lambda: fullest(chart) > 200, "the profile after a reload")
    chart.page.keyboard.press("i")
    assert chart.page.is_checked("#volume-profile")
    chart.page.click("#volume-profile")
    chart.page.keyboard.press("Escape")
    chart.settle()
    assert fullest(chart) <= EDGES_OF_TEXT
    assert complaints(chart) == []


def test_both_renderers_draw_the_same_lines_bands_and_panes(
    stage: Stage, open_page: OpenPage
) -> None:
    charts = [
        open_page(
            stage.url,
            renderer=renderer,
            symbol="ESU4",
            viewport={"width": 1000, "height": 640},
            init=DESK + KEEP,
        )
        for renderer in ("webgpu", "canvas2d")
    ]
    for chart in charts:
        wait_computed(chart, [str(each["name"]) for each in CHOSEN], 600)
        chart.settle()
    assert_equal(*map(shoot_pane, charts))
    for move, x, amount in (("zoom in", 300, 400), ("pan", 200, 700), ("zoom out", 300, 900)):
        for chart in charts:
            act(chart, move, x, amount)
        assert_equal(*map(shoot_pane, charts))
    stage.trade("ESU4", "5527", 7, at_ms=START_MS)
    for chart in charts:
        wait_computed(chart, [str(each["name"]) for each in CHOSEN], 601)
        chart.settle()
    assert_equal(*map(shoot_pane, charts))


@everywhere
def test_indicators_follow_another_interval_and_are_there_after_a_reload(
    stage: Stage, open_page: OpenPage, isolated: bool
) -> None:
    chart = open_page(address(stage, isolated), symbol="ESU4", init=DESK)
    add(chart, "macd")
    wait_computed(chart, ["macd"], 600)
    chart.page.fill(".chosen input[type=number] >> nth=0", "5")
    chart.page.keyboard.press("Enter")
    chart.page.wait_for_selector(".series-line >> text=MACD 5 26 9")
    chart.page.keyboard.press("Escape")
    chart.page.click("#intervals button >> text=5m")
    chart.wait_data("interval", "5m")
    chart.wait_live()
    chart.page.wait_for_function(
        "first => desk.answered.bars.time[0] === first",
        arg=stage.market.instruments["ESU4"].bars["5m"][0][0],
    )
    assert assert_native(wait_computed(chart, ["macd"], 600)) == ["macd"]
    chart.page.reload()
    chart.wait_live()
    answered = wait_computed(chart, ["macd"], 600)
    assert [each["numbers"] for each in answered["results"].values()] == [
        {"fast": 5, "slow": 26, "signal": 9}
    ]
    assert assert_native(answered) == ["macd"]
    chart.page.wait_for_selector(".pane-legend >> text=MACD 5 26 9")
    assert complaints(chart) == []


def test_a_wrong_parameter_is_told_and_changes_nothing(stage: Stage, open_page: OpenPage) -> None:
    chart = open_page(stage.url, symbol="ESU4", init=DESK)
    add(chart, "ema")
    wait_computed(chart, ["ema"], 600)
    chart.page.fill(".chosen input[type=number]", "0")
    chart.page.keyboard.press("Enter")
    assert chart.text(".chosen-error") == "ema: period is a whole number from 1 to 10000, not 0"
    assert chart.text(".series-title") == "EMA 20"
    chart.page.fill(".chosen input[type=number]", "50")
    chart.page.keyboard.press("Enter")
    chart.page.wait_for_selector(".series-line >> text=EMA 50")
    assert chart.page.locator(".chosen-error").inner_text() == ""


def test_the_chart_draws_on_where_the_kernels_cannot_be_loaded(
    stage: Stage, open_page: OpenPage
) -> None:
    chart = open_page(stage.url, symbol="ESU4", live=False)
    chart.page.route("**/*.wasm", lambda route: route.fulfill(status=404))
    chart.page.reload()
    chart.wait_live()
    add(chart, "ema")
    chart.page.wait_for_function(
        "() => document.getElementById('status-event').innerText.startsWith('Indicators cannot')"
    )
    stage.trade("ESU4", "5524.5", 3, at_ms=START_MS)
    chart.wait_data("lastPrice", "5524.5")
    chart.wait_data("candles", "601")


def test_chromium_gives_the_bits_of_native_for_every_kernel(
    stage: Stage, open_page: OpenPage, static: Path
) -> None:
    chart = open_page(stage.url, symbol="ESU4")
    (wasm,) = static.glob("assets/*.wasm")
    made, blob = vectors(FEW)
    source = CHECK.read_text().replace("export function", "function")
    values = chart.page.evaluate(
        """async ([source, wasm, vectors, blob]) => {
          const bytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer;
          const module = await WebAssembly.compile(await (await fetch(wasm)).arrayBuffer());
          SOURCE
          return check(module, vectors, bytes(blob));
        }""".replace("SOURCE", source),
        [source, f"assets/{wasm.name}", made, base64.b64encode(blob).decode()],
    )
    assert values > 100_000


@pytest.mark.slow
def test_on_a_live_market_the_worker_keeps_the_bits_of_native(
    open_page: OpenPage, static: Path, tmp_path: Path
) -> None:
    with house({}, tmp_path / "log") as (url, _):
        chart = open_page(url, init=DESK + KEEP, interval="1s")
        chart.wait_live(60, timeout_ms=60_000)
        names = [str(each["name"]) for each in CHOSEN]
        first = wait_computed(chart, names, 60)
        assert assert_native(first) == sorted(names)
        chart.page.wait_for_function(
            "count => desk.answered.bars.close.length > count",
            arg=len(first["bars"]["close"]) + 3,
        )
        assert assert_native(chart.page.evaluate("desk.answered")) == sorted(names)
        assert complaints(chart) == []
