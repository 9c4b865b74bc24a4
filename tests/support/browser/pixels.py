"""Comparison of the images of two renderers."""

from __future__ import annotations

import numpy as np

from tests.support.browser.chromium import Chart, Pixels


def shoot_pane(chart: Chart) -> Pixels:
    """Return the renderer's image, without the text above it.

    The smoothing of text by Chromium differs from run to run, for two pages of one renderer, too.
    """
    chart.page.evaluate(
        """() => {
          const text =
            ".legend, .go-latest, .axis-label, .axes-canvas, .chart-stale, .chart-past";
          for (const each of document.querySelectorAll(text)) each.style.visibility = "hidden";
        }"""
    )
    return chart.region(chart.shoot(), "#chart .pane")


def assert_equal(one: Pixels, two: Pixels) -> None:
    rows, columns = np.nonzero((one != two).any(axis=-1))
    assert len(rows) == 0, (
        f"{len(rows)} pixels differ, within rows {rows.min()} to {rows.max()}, "
        f"columns {columns.min()} to {columns.max()}"
    )


def act(chart: Chart, move: str, x: int, amount: int) -> None:
    mouse = chart.page.mouse
    mouse.move(x, 300)
    if move == "zoom in":
        mouse.wheel(0, -amount)
    elif move == "zoom out":
        mouse.wheel(0, amount)
    elif move == "pan":
        mouse.wheel(amount, 0)
    elif move == "axis":
        mouse.move(710, 300)
        mouse.down()
        mouse.move(710, 300 - amount // 9)
        mouse.up()
    chart.settle()
