"""The magnet: the crosshair and drawings go to the prices of a candle, by option, call and key."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.support.browser.bare_chart import BareChart, bare_chart
from tests.support.browser.chromium import OpenPage
from tests.support.browser.stage import Stage

pytestmark = pytest.mark.browser

OPEN, HIGH, LOW = 100, 107, 94


@pytest.fixture(scope="module")
def opened(browser: Browser, package: Path) -> Iterator[BareChart]:
    with bare_chart(browser, package) as made:
        yield made


def read(chart: BareChart, y: float) -> dict[str, Any]:
    """Move the crosshair to a row; return what listeners are told, and what the chart shows."""
    chart.run(
        """
        window.told = null;
        window.stop?.();
        window.stop = chart.on("crosshair", (point) => { told = point; });
        """
    )
    chart.page.mouse.move(300, y)
    chart.settle()
    point = chart.run("return told;")
    box = chart.box(".cross-h")
    return {**point, "label": chart.page.inner_text(".label-price"), "line": box["y"]}


def test_the_crosshair_goes_to_the_nearest_price_of_its_candle(opened: BareChart) -> None:
    opened.make("{ magnet: true }", count=300)
    for y, price in ((40, HIGH), (400, LOW)):
        at = read(opened, y)
        assert at["price"] == price
        assert at["label"] == f"{price}.00"
        assert at["line"] == pytest.approx(at["y"], abs=1)
        assert at["y"] != y
        assert float(at["bar"]["high"]) == HIGH
    assert read(opened, 200)["price"] in {OPEN, float(read(opened, 200)["bar"]["close"])}


def test_it_is_switched_and_told(opened: BareChart) -> None:
    opened.make(count=300)
    opened.run("window.switched = []; chart.on('magnet', (isOn) => switched.push(isOn));")
    free = read(opened, 40)
    assert free["y"] == 40
    assert opened.run("return chart.magnet;") is False
    opened.run("chart.setMagnet(true);")
    opened.settle()
    # The crosshair that is there follows at once.
    assert opened.page.inner_text(".label-price") == f"{HIGH}.00"
    opened.run("chart.setMagnet(false);")
    assert opened.run("return switched;") == [True, False]
    assert read(opened, 40)["price"] == free["price"]


def test_a_click_and_a_drawing_have_the_price_of_the_crosshair(opened: BareChart) -> None:
    opened.make("{ magnet: true }", count=300)
    opened.run(
        """
        window.tools = drawingTools(chart);
        window.clicked = null;
        chart.on("click", (point) => { clicked = point.price; });
        await frame(); await frame();  // the tools draw by the coordinates of a frame
        """
    )
    assert opened.run("return tools.magnet;") is True
    opened.page.mouse.click(300, 60)
    assert opened.run("return clicked;") == HIGH
    opened.run("tools.choose('horizontal');")
    opened.page.mouse.click(300, 420)
    opened.settle()
    assert opened.run("return tools.drawings[0].anchors[0].price;") == LOW
    opened.run("tools.magnet = false; tools.remove();")
    assert opened.run("return chart.magnet;") is False


def test_over_a_pane_below_the_candles_the_crosshair_is_free(opened: BareChart) -> None:
    opened.make("{ magnet: true }", count=300)
    opened.run(
        "chart.setSeries('one', series('one'));"
        "while (document.querySelector('[role=separator]') === null) await frame(); await frame();"
    )
    y = opened.box(".pane-border")["y"] + 60
    assert read(opened, y)["y"] == pytest.approx(y)


def test_the_page_switches_it_by_key_and_in_the_draw_panel_and_keeps_it(
    stage: Stage, open_page: OpenPage
) -> None:
    chart = open_page(stage.url, symbol="ESU4", renderer="canvas2d")
    page = chart.page
    page.keyboard.press("m")
    page.wait_for_selector("#status-event >> text=Magnet on")
    box: Any = page.locator("#chart .pane").bounding_box()
    page.mouse.move(box["x"] + box["width"] - 150, box["y"] + 30)
    chart.settle()
    shown = float(page.inner_text("#chart .label-price"))
    legend = [float(part) for part in page.locator("#chart .legend-value").all_inner_texts()[:4]]
    assert shown == max(legend)
    page.reload()
    chart.wait_live()
    page.keyboard.press("d")
    button = page.get_by_role("button", name="Magnet")
    assert button.get_attribute("aria-pressed") == "true"
    button.click()
    assert button.get_attribute("aria-pressed") == "false"
    page.keyboard.press("Escape")
    page.keyboard.press("m")
    page.wait_for_selector("#status-event >> text=Magnet on")
    assert page.evaluate("localStorage['tickfire.magnet']") == "on"
    assert chart.complaints == []
