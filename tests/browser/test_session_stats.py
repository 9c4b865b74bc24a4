"""The statistics of the session and the trading status in the top bar."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.browser.chromium import OpenPage
from tests.support.browser.stage import START_MS, Stage

pytestmark = pytest.mark.browser


def stat(name: str, price: str | None = None, quantity: int | None = None) -> dict[str, Any]:
    return {"symbol": "ESU4", "name": name, "price": price, "quantity": quantity, "deleted": False}


def status(name: str, reason: str = "none") -> dict[str, Any]:
    halted = name in ("halt", "pause", "suspend")
    return {"symbol": "ESU4", "status": name, "halted": halted, "reason": reason}


def imbalance(due_ms: int, surplus: int, side: str) -> dict[str, Any]:
    prices = {"reference_price": "5524.25", "match_price": "5525.5"}
    absent = dict.fromkeys(("clearing_price", "book_clearing_price", "upper_collar"))
    sizes = {"paired": 18_000, "imbalance": surplus, "side": side}
    return {
        **{"symbol": "ESU4", "auction": "C", "auction_time": due_ms, "timestamp": START_MS},
        **(prices | absent | sizes),
    }


def test_the_top_bar_shows_what_the_venue_tells_of_the_session(
    stage: Stage, open_page: OpenPage
) -> None:
    market = stage.market
    market.stats["ESU4"] = {
        "stats": {
            "settlement_price": stat("settlement_price", "5520.5"),
            "open_interest": stat("open_interest", quantity=2_104_611),
        },
        "status": status("pre_open", "scheduled"),
    }
    page = open_page(stage.url, symbol="ESU4", renderer="canvas2d").page
    page.set_viewport_size({"width": 1920, "height": 900})
    figures = page.locator("#session-stats")
    figures.wait_for()
    assert figures.inner_text().split("\n") == ["Settlement", "5520.50", "Open interest", "2.10M"]
    badge = page.locator("#trading-status")
    assert badge.inner_text() == "Pre open"
    assert badge.get_attribute("data-halted") == "false"

    def tell(event: str, payload: dict[str, Any]) -> None:
        stage.serving.call(lambda: market.broadcast("stats:ESU4", event, payload))

    tell("status", status("halt", "news_pending"))
    page.locator("#trading-status", has_text="Halt: news pending").wait_for()
    assert badge.get_attribute("data-halted") == "true"
    tell("stat", stat("trading_session_high_price", "5600"))
    figures.locator("dd", has_text="5600.00").wait_for()
    tell("status", status("trading"))
    badge.wait_for(state="hidden")

    page.locator(".watch-row", has_text="NQU4").click()
    figures.wait_for(state="hidden")


def test_an_auction_is_shown_until_it_takes_place(stage: Stage, open_page: OpenPage) -> None:
    market = stage.market
    due = START_MS + 60_000
    market.stats["ESU4"] = {
        "stats": {"settlement_price": stat("settlement_price", "5520.5")},
        "imbalance": imbalance(due, 2_400, "B"),
    }
    page = open_page(stage.url, symbol="ESU4", renderer="canvas2d").page
    page.set_viewport_size({"width": 1920, "height": 900})
    page.locator("html[data-state=live]").wait_for(state="attached")
    stage.trade("ESU4", "5524.25", 1, at_ms=START_MS)
    auction = page.locator("#auction")
    auction.wait_for()
    assert auction.inner_text().split("\n") == [
        *("Closing", "13:31:00", "Imbalance", "2400 buy", "Paired", "18.0K"),
        *("Indicative", "5525.50", "Reference", "5524.25"),
    ]
    changed = imbalance(due, 0, "N")
    stage.serving.call(lambda: market.broadcast("stats:ESU4", "imbalance", changed))
    auction.locator("dd", has_text="none").wait_for()

    page.set_viewport_size({"width": 390, "height": 844})
    page.locator("#session-stats").wait_for(state="hidden")
    assert auction.is_visible()
    stage.trade("ESU4", "5524.25", 1, at_ms=due)
    auction.wait_for(state="hidden")
    page.locator("#session-stats").wait_for()
