"""The state of the feed in the top bar."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.support.browser.chromium import OpenPage
from tests.support.browser.stage import Stage

pytestmark = pytest.mark.browser


def feed(state: str, seconds: int, detail: str = "GLBX.MDP3") -> dict[str, Any]:
    since = str(time.time_ns() - seconds * 10**9)
    about = {"number": 1, "state": state, "since": since, "detail": detail}
    return {**about, "rate": 1200.0, "standbys": 0, "gaps": 0}


def test_the_top_bar_tells_that_the_feed_is_stale_or_down_and_since_when(
    stage: Stage, open_page: OpenPage
) -> None:
    page = open_page(stage.url, symbol="ESU4", renderer="canvas2d").page
    page.locator("html[data-state=live]").wait_for(state="attached")

    def tell(*feeds: dict[str, Any]) -> None:
        payload = {"feeds": list(feeds)}
        stage.serving.call(lambda: stage.market.broadcast("market:realtime", "feeds", payload))

    badge = page.locator("#freshness")
    tell(feed("down", 10, "the gateway closed the connection"))
    page.locator("#freshness", has_text="Feed down, 1").wait_for()
    assert badge.get_attribute("data-age") == "down"
    note = page.locator("#chart-stale").inner_text()
    assert note.startswith("Feed down for 1") and "the gateway closed the connection" in note
    tell(feed("stale", 120, "GLBX.MDP3 sends nothing but heartbeats"))
    page.locator("#freshness", has_text="Feed stale, 2 min").wait_for()
    tell(feed("up", 1))
    page.locator("#freshness", has_text="Feed").wait_for(state="hidden")


def test_the_pipeline_lists_the_feeds_with_their_standbys_and_gaps(
    stage: Stage, open_page: OpenPage
) -> None:
    page = open_page(stage.url, symbol="ESU4", renderer="canvas2d").page
    page.locator("html[data-state=live]").wait_for(state="attached")
    stage.market.feeds = [
        feed("up", 60) | {"standbys": 1, "gaps": 3},
        feed("stale", 150, "XNAS.ITCH sends no data") | {"number": 2},
    ]
    page.locator(".pipeline-open").click()
    rows = page.locator(".feeds .others-row:visible")
    rows.nth(1).wait_for()
    first, second = rows.all_inner_texts()
    assert "Feed 1" in first and "GLBX.MDP3, up since" in first
    assert "1 standby, 3 gaps" in first and "1,200 records/s" in first
    assert "XNAS.ITCH sends no data, stale since" in second and "no standby, no gaps" in second
    assert rows.nth(1).get_attribute("data-state") == "late"
