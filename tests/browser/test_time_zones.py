"""Times in the zone that the user chooses by name."""

from __future__ import annotations

import pytest

from tests.support.browser.chromium import OpenPage
from tests.support.browser.stage import Stage

pytestmark = pytest.mark.browser


def test_a_zone_is_searched_by_keys_kept_and_used_everywhere(
    stage: Stage, open_page: OpenPage
) -> None:
    chart = open_page(stage.url, symbol="ESU4", interval="1m")
    page = chart.page

    def read_newest() -> str:
        page.locator("#chart").focus()
        page.keyboard.press("Escape")
        page.keyboard.press("Shift+ArrowLeft")
        chart.settle()
        return page.locator("#chart .label-time").inner_text()

    assert read_newest() == "Mon 1 Jul 2024  13:29"
    page.keyboard.press("z")
    page.keyboard.type("new york")
    page.keyboard.press("Enter")
    assert page.locator("#zone").inner_text() == "New York"
    assert read_newest() == "Mon 1 Jul 2024  09:29"
    page.locator("#zone").click()
    page.keyboard.type("nowhere")
    page.get_by_text("No time zone matches.").wait_for()
    page.keyboard.press("Escape")
    page.reload()
    chart.wait_live()
    assert read_newest() == "Mon 1 Jul 2024  09:29"
    page.get_by_role("button", name="1d", exact=True).click()
    page.wait_for_function("() => document.querySelector('.legend')?.innerText.includes('1d')")
    chart.wait_live()
    assert read_newest() == "Sun 30 Jun 2024"
    assert chart.complaints == []
