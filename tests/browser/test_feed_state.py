"""The state of the feed in the top bar."""

from __future__ import annotations

import time
from typing import Any

from tests.support.browser.chromium import OpenPage
from tests.support.browser.stage import Stage


def feed(state: str, seconds: int, detail: str = "GLBX.MDP3") -> dict[str, Any]:
    since = str(time.time_ns() - seconds * 10**9)
    about = {"number": 1, "state": state, "since": since, "detail": detail}
    return {**about, "rate": 0.0, "standbys": 0}


def test_the_top_bar_tells_that_the_feed_is_stale_or_down_and_since_when(
    stage: Stage, open_page: OpenPage
) -> None:
    page = open_page(stage.url, symbol="ESU4", renderer="canvas2d").page
    page.locator("html[data-state=live]").wait_for(state="attached")

    def tell(*feeds: dict[str, Any]) -> None:
        payload = {"feeds": list(feeds)}
        stage.serving.call(lambda: stage.market.broadcast("market:realtime", "feeds", payload))

    badge = page.locator("#freshness")
    tell(feed("down", 12, "the gateway closed the connection"))
    page.locator("#freshness", has_text="Feed down, 1").wait_for()
    assert badge.get_attribute("data-age") == "down"
    note = page.locator("#chart-stale").inner_text()
    assert note.startswith("Feed down for 1") and "the gateway closed the connection" in note
    tell(feed("stale", 120, "GLBX.MDP3 sends nothing but heartbeats"))
    page.locator("#freshness", has_text="Feed stale, 2 min").wait_for()
    tell(feed("up", 1))
    page.locator("#freshness", has_text="Feed").wait_for(state="hidden")
