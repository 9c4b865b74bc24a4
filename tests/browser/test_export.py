"""The chart as files: a picture and a table, saved and copied."""

from __future__ import annotations

import io
import re

import pytest
from PIL import Image

from tests.support.browser.chromium import Chart, OpenPage
from tests.support.browser.stage import Stage

pytestmark = pytest.mark.browser


def save(chart: Chart, name: str) -> tuple[str, bytes]:
    """Save a file by the menu; return its name and its content."""
    chart.page.click("#export")
    with chart.page.expect_download() as expected:
        chart.page.get_by_role("button", name=name, exact=True).click()
    return expected.value.suggested_filename, expected.value.path().read_bytes()


@pytest.mark.parametrize("renderer", ["webgpu", "canvas2d"])
def test_the_chart_is_saved_as_a_picture_and_a_table(
    stage: Stage, open_page: OpenPage, renderer: str
) -> None:
    chart = open_page(stage.url, symbol="EUR/USD", interval="1m", renderer=renderer)
    name, png = save(chart, "Save PNG")
    assert re.fullmatch(r"EUR-USD-1m-\d{4}-\d\d-\d\dT\d{4}Z\.png", name)
    box = chart.page.locator("#chart").bounding_box()
    assert box is not None
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    assert picture.size == (round(box["width"]), round(box["height"]))
    colors = picture.getcolors(1 << 24) or []
    assert {chart.color("--up"), chart.color("--down")} <= {color for _, color in colors}
    name, csv = save(chart, "Save CSV")
    assert re.fullmatch(r"EUR-USD-1m-\d{4}-\d\d-\d\dT\d{4}Z\.csv", name)
    header, *rows = csv.decode().split()
    assert "close" in header
    assert len(rows) == int(chart.data("candles"))
    assert chart.complaints == []


def test_the_picture_is_copied_to_the_clipboard(stage: Stage, open_page: OpenPage) -> None:
    chart = open_page(stage.url, symbol="ESU4", renderer="canvas2d")
    chart.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    chart.page.click("#export")
    chart.page.get_by_role("button", name="Copy PNG").click()
    chart.page.wait_for_selector(".toast >> text=The chart was copied")
    types = chart.page.evaluate(
        "async () => (await navigator.clipboard.read()).flatMap(({ types }) => types)"
    )
    assert types == ["image/png"]
    assert chart.complaints == []


def test_a_browser_that_cannot_copy_pictures_offers_no_copy(
    stage: Stage, open_page: OpenPage
) -> None:
    chart = open_page(stage.url, symbol="ESU4", init="delete window.ClipboardItem;")
    chart.page.click("#export")
    buttons = chart.page.locator("#export-panel button:visible")
    assert buttons.all_inner_texts() == ["Save PNG", "Save CSV"]
