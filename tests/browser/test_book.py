"""The ladder of the order book: its levels, its changes, and what it says of its state."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.browser.chromium import OpenPage
from tests.support.browser.stage import Stage

pytestmark = pytest.mark.browser


def book(symbol: str, best: int, levels: int = 10, **state: Any) -> dict[str, Any]:
    return {
        "symbol": symbol,
        "bids": [[str(best - i), 10 * (i + 1), i + 1] for i in range(levels)],
        "asks": [[f"{best + i}.25", 20_000 * (i + 1), 0] for i in range(levels)],
        "publishers": [1],
        "unsynced": False,
        "crossed": False,
        "timestamp": 0,
        "ts_event": "0",
        **state,
    }


def test_the_ladder_follows_the_book_of_the_shown_symbol(stage: Stage, open_page: OpenPage) -> None:
    market = stage.market
    market.books["ESU4"] = book("ESU4", 5524)
    page = open_page(stage.url, symbol="ESU4", renderer="canvas2d").page
    rows = page.locator(".book-row:visible")
    rows.nth(9).wait_for()
    assert rows.nth(0).inner_text().split() == ["1", "10", "5524.00", "5524.25", "20.0K"]
    assert page.locator("#book-spread").inner_text() == "Spread 0.25"
    widths = page.locator(".book-ask .book-bar").evaluate_all(
        "bars => bars.map((bar) => bar.getBoundingClientRect().width)"
    )
    assert widths == sorted(widths) and widths[0] > 0

    changed = book("ESU4", 5530, 2, unsynced=True)
    stage.serving.call(lambda: market.broadcast("book:ESU4", "book", changed))
    page.locator("#book-note", has_text="orders may be missing").wait_for()
    assert rows.count() == 2
    assert rows.nth(1).get_attribute("aria-label") == (
        "Level 2: bid 5529.00, 20 in 2 orders; ask 5531.25, 40000"
    )

    rows.nth(0).focus()
    page.keyboard.press("ArrowDown")
    assert rows.nth(1).evaluate("row => row === document.activeElement")

    page.locator(".watch-row", has_text="NQU4").click()
    page.locator("#book-empty", has_text="no order book").wait_for()
    assert not page.locator("#book-ladder").is_visible()
    assert page.locator("#book-spread").inner_text() == ""
