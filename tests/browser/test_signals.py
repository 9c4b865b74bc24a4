"""The models' signals for a symbol, in headless Chromium."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.browser.chromium import OpenPage
from tests.support.browser.stage import START_MS, Stage

pytestmark = pytest.mark.browser

SAID: dict[str, Any] = {"symbol": "ESU4", "timestamp": START_MS, "model": "signals/1"}
DIRECTION: dict[str, Any] = {
    **SAID,
    "id": "1-0",
    "kind": "direction",
    "says": "no edge",
    "probability": 0.513,
    "base_rate": 0.496,
    "n": 1733,
    "interval": [0.492, 0.539],
    "expected_net_bp": -0.82,
    "cost_bp": 1.0,
    "horizon": "5m",
}


def test_an_outlook_stands_with_its_evidence_and_follows(stage: Stage, open_page: OpenPage) -> None:
    stage.market.signals = [{"event": "signal", **DIRECTION}]
    chart = open_page(stage.url, symbol="ESU4")
    outlook = chart.page.locator("#signals-outlook")
    outlook.wait_for()
    text = outlook.inner_text()
    assert "No edge" in text and "51.3 % up" in text and "1,733 cases" in text and "0.82 bp" in text
    told = chart.page.locator(".outlook-scale").get_attribute("aria-label") or ""
    assert "49.2 % to 53.9 %" in told and "No edge: nothing here to trade on" in told
    later = {**DIRECTION, "id": "2-0", "says": "up", "probability": 0.58, "expected_net_bp": 0.4}
    stage.serving.call(lambda: stage.market.broadcast("signals:ESU4", "signal", later))
    chart.page.wait_for_selector(".outlook-says[data-says=up]")
    assert chart.complaints == []


def test_rules_anomalies_and_patterns_are_listed_newest_first(
    stage: Stage, open_page: OpenPage
) -> None:
    rule = {"kind": "rule", "name": "oversold", "when": "rsi(14) < 30", "interval": "1m"}
    stage.market.signals = [
        {"event": "anomaly", **SAID, "id": "1-0", "feature": "spread", "score": 7.5},
        {"event": "pattern", **SAID, "id": "2-0", "name": "hammer", "interval": "1m",
         "direction": "bullish", "quality": 1.0},
        {"event": "signal", **SAID, "id": "3-0", **rule, "values": {"rsi(14)": 27.4}},
    ]  # fmt: skip
    chart = open_page(stage.url, symbol="ESU4")
    items = chart.page.locator(".signal-item")
    items.nth(2).wait_for()
    names = chart.page.locator(".signal-name").all_inner_texts()
    assert names == ["oversold", "Hammer · 1m", "Unusual spread"]
    assert items.nth(1).get_attribute("data-trend") == "up"
    assert "rsi(14) = 27.4" in (items.nth(0).get_attribute("data-tip") or "")
    assert chart.complaints == []
