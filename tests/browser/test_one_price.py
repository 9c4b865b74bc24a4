"""Header, title, tape, watch list and chart show one last price in every frame."""

from __future__ import annotations

import random
from typing import Any

import pytest

from tests.support.browser.chromium import OpenPage
from tests.support.browser.stage import START_MS, Stage

pytestmark = pytest.mark.browser

FRAMES = 60
PRICES = 5
"""Prices of which more are seen, however few trades come within the frames."""

SAMPLE = """([frames, prices]) => {
  const text = (selector) => document.querySelector(selector)?.textContent ?? "";
  window.samples = [];
  const look = () => {
    window.samples.push({
      header: text("#last"),
      label: text(".label-last"),
      tape: text(".tape-row .tape-price"),
      watch: text(".watch-row[aria-selected=true] .watch-last"),
      title: document.title.split(" ")[0],
    });
    const seen = new Set(window.samples.map(({ header }) => header)).size;
    window.isDone = window.samples.length >= frames && seen > prices;
    if (!window.isDone) requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}"""
NEXT_FRAME = """() => new Promise((resolve) =>
  requestAnimationFrame(() => resolve(window.isDone)))"""


@pytest.mark.parametrize("interval", ["1s", "1m"])
def test_all_prices_agree_in_every_frame(stage: Stage, open_page: OpenPage, interval: str) -> None:
    chart = open_page(stage.url, symbol="ESU4", interval=interval, renderer="canvas2d")
    page = chart.page
    stage.trade("ESU4", "5524.5", 3, at_ms=START_MS)
    chart.wait_data("lastPrice", "5524.5")
    chart.settle()
    chance = random.Random(interval)
    page.evaluate(SAMPLE, [FRAMES, PRICES])
    at_ms = START_MS
    while not page.evaluate(NEXT_FRAME):
        for _ in range(chance.randint(1, 3)):
            at_ms += chance.randint(1, 400)
            price = 5524 + chance.randint(-8, 8) / 4
            stage.trade("ESU4", f"{price:g}", chance.randint(1, 30), at_ms=at_ms)
    samples: list[dict[str, Any]] = page.evaluate("window.samples")
    torn = [each for each in samples if len(set(each.values())) > 1]
    assert torn == []
    assert len({each["header"] for each in samples}) > PRICES
