"""WebGPU and Canvas2D draw the same pixels."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.browser.chromium import Chart, OpenPage, count
from tests.support.browser.pixels import act, assert_equal, shoot_pane
from tests.support.browser.stage import START_MS, Market, Stage, staged

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

CATCH_DEVICE = """
const request = globalThis.GPUAdapter?.prototype.requestDevice;
if (request) GPUAdapter.prototype.requestDevice = async function (...given) {
  globalThis.caughtDevice = await request.apply(this, given);
  return globalThis.caughtDevice;
};
"""


@pytest.fixture
def long_stage(static: Path) -> Iterator[Stage]:
    with staged(Market(history=2000), static) as stage:
        yield stage


@pytest.mark.parametrize("scale", [1, 2])
def test_equal_in_any_view(long_stage: Stage, open_page: OpenPage, scale: int) -> None:
    charts = [
        open_page(
            long_stage.url,
            renderer=renderer,
            symbol="ESU4",
            scale=scale,
            viewport={"width": 1000, "height": 640},
        )
        for renderer in ("webgpu", "canvas2d")
    ]
    assert [chart.data("renderer") for chart in charts] == ["webgpu", "canvas2d"]
    assert_equal(*map(shoot_pane, charts))
    chance = random.Random(scale)
    for at in range(8):
        move = chance.choice(["zoom in", "zoom out", "zoom out", "pan", "trade", "axis"])
        x, amount = chance.randint(100, 600), chance.randint(100, 900)
        if move == "trade":
            trade(long_stage, charts, "ESU4", f"{5500 + amount}", at_ms=START_MS + at)
        for chart in charts:
            act(chart, move, x, amount)
        assert_equal(*map(shoot_pane, charts))


def trade(stage: Stage, charts: list[Chart], symbol: str, price: str, *, at_ms: int) -> None:
    """Let a trade happen, and wait until all charts have it."""
    stage.trade(symbol, price, 7, at_ms=at_ms)
    for chart in charts:
        chart.wait_data("lastPrice", price)
        chart.settle()


def test_equal_when_candles_are_more_than_pixels_and_the_last_one_moves(
    long_stage: Stage, open_page: OpenPage
) -> None:
    size = {"width": 900, "height": 600}
    charts = [
        open_page(long_stage.url, renderer=renderer, symbol="NQU4", viewport=size)
        for renderer in ("webgpu", "canvas2d")
    ]
    for chart in charts:
        chart.page.mouse.move(300, 300)
        for _ in range(4):
            chart.page.mouse.wheel(0, 900)
        chart.settle()
    assert_equal(*map(shoot_pane, charts))
    for i in range(3):
        price = str(20018 + 25 * (i - 1))
        trade(long_stage, charts, "NQU4", price, at_ms=START_MS + 60_000 * i)
        assert [chart.data("candles") for chart in charts] == [str(2001 + i)] * 2
        assert_equal(*map(shoot_pane, charts))


def test_equal_when_ticks_move_the_newest_candle_only(stage: Stage, open_page: OpenPage) -> None:
    size = {"width": 900, "height": 600}
    charts = [
        open_page(stage.url, renderer=renderer, symbol="ESU4", viewport=size)
        for renderer in ("webgpu", "canvas2d")
    ]
    for price in ("5530", "5529.75", "5529.5", "5529.75"):
        trade(stage, charts, "ESU4", price, at_ms=START_MS)
        assert_equal(*map(shoot_pane, charts))
    for chart in charts:
        chart.page.mouse.move(300, 300)
        chart.page.mouse.wheel(0, -300)
        chart.settle()
    trade(stage, charts, "ESU4", "5529.5", at_ms=START_MS)
    assert_equal(*map(shoot_pane, charts))


def test_a_lost_device_is_replaced_and_draws_the_same(stage: Stage, open_page: OpenPage) -> None:
    chart = open_page(stage.url, renderer="webgpu", symbol="ESU4", init=CATCH_DEVICE)
    before = shoot_pane(chart)
    first = chart.page.evaluate_handle("caughtDevice")
    chart.page.evaluate("device => device.destroy()", first)
    chart.page.wait_for_function("device => caughtDevice !== device", arg=first)
    chart.page.wait_for_function("() => document.querySelector('.pane-canvas') !== null")
    chart.settle()
    assert_equal(before, shoot_pane(chart))
    assert chart.data("renderer") == "webgpu"
    stage.trade("ESU4", "5530", 1, at_ms=START_MS)
    chart.wait_data("lastPrice", "5530")
    drawn = shoot_pane(chart)
    assert min(count(drawn, chart.color(name)) for name in ("--up", "--down")) > 200
