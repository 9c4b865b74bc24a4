"""Headlines and their sentiment, in headless Chromium."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.browser.chromium import OpenPage
from tests.support.browser.stage import START_MS, Stage
from tickfire.models.artifact import SHIPPED
from tickfire.models.sentiment.model import SentimentModel

pytestmark = pytest.mark.browser

BLANK = {"summary": "", "url": "", "source": "Wire", "published": START_MS, "symbols": ["NQU4"]}
SURE: dict[str, Any] = {
    "label": "bullish",
    "score": 0.88,
    "probabilities": {"bearish": 0.02, "neutral": 0.08, "bullish": 0.9},
    "abstained": False,
    "words": [["beats", 0.85]],
    "model": "sentiment/1",
}


def test_a_headline_says_what_it_says_and_why(stage: Stage, open_page: OpenPage) -> None:
    unsure = {**SURE, "abstained": True}
    stage.market.headlines = [
        {**BLANK, "id": "1", "title": "First", "sentiment": SURE},
        {**BLANK, "id": "2", "title": "Second", "sentiment": unsure},
    ]
    chart = open_page(stage.url, symbol="ESU4")
    chips = chart.page.locator(".news-sentiment")
    chips.nth(1).wait_for()
    assert chips.all_inner_texts() == ["unsure", "▲ bullish"]
    told = chips.nth(1).get_attribute("data-tip") or ""
    assert "bullish 90 %" in told and "beats (0.85)" in told
    assert "Too uncertain" in (chips.nth(0).get_attribute("data-tip") or "")
    assert chart.complaints == []


def test_a_headline_without_sentiment_is_scored_in_the_browser(
    stage: Stage, open_page: OpenPage
) -> None:
    title = "Nvidia beats expectations, shares up 5%"
    stage.market.headlines = [{**BLANK, "id": "1", "title": title, "sentiment": None}]
    chart = open_page(stage.url, symbol="ESU4")
    chip = chart.page.locator(".news-sentiment")
    chip.wait_for()
    assert chip.get_attribute("data-origin") == "browser"
    expected = SentimentModel.open(SHIPPED / "sentiment.json").score(title)
    assert chip.get_attribute("data-label") == expected.label
    told = chip.get_attribute("data-tip") or ""
    assert f"bullish {100 * expected.probabilities[2]:.0f} %" in told
    assert "scored in this browser" in told
    later = {**BLANK, "id": "1", "title": title, "sentiment": {**SURE, "label": "bearish"}}
    stage.serving.call(lambda: stage.market.broadcast("news:headlines", "headline", later))
    chart.page.wait_for_selector(".news-sentiment[data-origin=server][data-label=bearish]")
    assert chart.page.locator(".news-item").count() == 1
    assert chart.complaints == []
