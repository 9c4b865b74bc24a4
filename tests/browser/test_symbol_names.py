"""Symbols that have another name at the venue, or the number of their feed before them."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.support.browser.chromium import OpenPage
from tests.support.browser.stage import Instrument, Stage, walk

pytestmark = pytest.mark.browser


def listed(symbol: str, number: int, raw_symbol: str) -> Instrument:
    made = Instrument(symbol, "0.25", number, Decimal("5524.25"), raw_symbol=raw_symbol)
    made.bars = {name: walk(made, name, 20) for name in ("1s", "1m", "5m", "15m", "1h", "1d", "1w")}
    return made


def test_the_name_at_the_venue_stands_beside_the_symbol_where_it_differs(
    stage: Stage, open_page: OpenPage
) -> None:
    for made in (listed("ES.c.0", 40, "ESU4"), listed("2/NQU4", 41, "NQU4")):
        stage.market.instruments[made.symbol] = made
    page = open_page(stage.url, symbol="ES.c.0", renderer="canvas2d").page
    heading = page.locator("#symbol-raw")
    page.locator("#symbol-raw", has_text="ESU4").wait_for()
    assert page.locator("#symbol-name").inner_text() == "ES.c.0"
    named = page.locator(".watch-name")
    assert named.filter(has_text="ES.c.0").inner_text().split() == ["ES.c.0", "ESU4"]
    assert [name for name in named.all_inner_texts() if "NQU4" in name] == ["NQU4", "2/NQU4"]

    page.locator("#search").fill("esu4")
    assert [name.split()[0] for name in named.all_inner_texts()] == ["ES.c.0", "ESU4"]
    page.locator("#search").fill("2/nq")
    page.keyboard.press("Enter")
    page.locator("html[data-symbol='2/NQU4']").wait_for(state="attached")
    heading.wait_for(state="hidden")
