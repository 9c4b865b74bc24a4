"""The quotes of each venue under the order book."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.browser.axe import assert_axe_passes, load_axe
from tests.support.browser.chromium import OpenPage
from tests.support.browser.stage import Stage

pytestmark = pytest.mark.browser


def quote(number: int, publisher: str | None, bid: str | None, ask: str) -> dict[str, Any]:
    stamps = {"timestamp": 0, "ts_event": "0"}
    sides = {"bid": bid, "bid_size": bid and 1200, "ask": ask, "ask_size": 300}
    return {"publisher_id": number, "publisher": publisher, **sides, **stamps}


def test_each_venue_has_its_quotes_and_the_best_ones_stand_out(
    stage: Stage, open_page: OpenPage
) -> None:
    market = stage.market
    quotes = [
        quote(2, "XNAS.ITCH.XNAS", "5524.25", "5524.75"),
        quote(5, "XBOS.ITCH.XBOS", None, "5524.5"),
        quote(77, None, "5524", "5525"),
    ]
    market.quotes["ESU4"] = {"symbol": "ESU4", "publishers": quotes}
    page = open_page(stage.url, symbol="ESU4", renderer="canvas2d").page
    rows = page.locator(".venue-row:visible")
    rows.nth(2).wait_for()
    assert [row.split() for row in rows.all_inner_texts()] == [
        ["XNAS", "1200", "5524.25", "5524.75", "300"],
        ["XBOS", "5524.50", "300"],
        ["Publisher", "77", "1200", "5524.00", "5525.00", "300"],
    ]
    assert rows.nth(0).locator("th").get_attribute("title") == "XNAS.ITCH.XNAS"
    best = "rows => rows.map((row) => [row.dataset.bestBid, row.dataset.bestAsk])"
    assert rows.evaluate_all(best) == [["true", "false"], ["false", "true"], ["false", "false"]]
    load_axe(page)
    assert_axe_passes(page, "with venues")

    moved = {
        "symbol": "ESU4",
        "publishers": [quote(2, "XNAS.ITCH.XNAS", "5530", "5531"), quotes[1]],
    }
    stage.serving.call(lambda: market.broadcast("quotes:ESU4", "quotes", moved))
    page.locator(".venue-bid", has_text="5530.00").wait_for()
    assert rows.count() == 2

    page.locator(".watch-row", has_text="NQU4").click()
    page.locator("#book-venues").wait_for(state="hidden")
