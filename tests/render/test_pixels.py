"""The server draws the pixels that charts of the npm package have, by WebGPU and by Canvas2D."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from itertools import groupby
from typing import Any, Final

import numpy as np
import pytest

from tests.support.browser.chromium import launch
from tests.support.render.cases import Case, random_case
from tests.support.render.page import ARGUMENTS, Drawn, ScenePage
from tickfire.render.gpu.renderer import Renderer
from tickfire.render.palettes import palette_of
from tickfire.render.scene.scale_ticks import axis_text
from tickfire.render.scene.scene import Layout, arrange, paint

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

VIEWS: Final = 51
RENDERERS: Final = ("webgpu", "canvas2d")


@pytest.fixture(scope="module")
def page() -> Iterator[ScenePage]:
    with launch(*ARGUMENTS) as browser, ScenePage.open(browser) as page:
        yield page


@pytest.fixture(scope="module")
def renderer() -> Renderer:
    return Renderer()


def layout_of(case: Case, drawn: Drawn) -> Layout:
    view = case.view(drawn.pane)
    return arrange(case.candles, view, drawn.pane, case.series, interval_ms=case.interval_ms)


def draw_here(renderer: Renderer, case: Case, layout: Layout) -> Any:
    palette = palette_of(case.theme)
    return renderer.draw(paint(case.candles, layout, palette, case.series, case.lines))


def differences(one: Any, two: Any) -> str:
    """Return where two images differ, nothing if they do not."""
    assert one.shape == two.shape
    rows, columns = np.nonzero((one != two).any(axis=-1))
    return (
        f"{len(rows)} pixels, rows {rows.min()} to {rows.max()}, "
        f"columns {columns.min()} to {columns.max()}"
    )


def texts_of(case: Case, layout: Layout) -> list[str]:
    candles, geometry = case.candles, layout.geometry
    units = [round(price * 10.0**candles.decimals) for price in case.told_prices]
    return [axis_text(candles, geometry, each) for each in units]


def test_random_views_are_equal_by_all_three(page: ScenePage, renderer: Renderer) -> None:
    cases = sorted(map(random_case, range(VIEWS)), key=lambda case: case.ratio)
    found: dict[Any, Any] = {}
    compared = 0
    for _, group in groupby(cases, key=lambda case: case.ratio):
        views = list(group)
        for case, drawn in zip(views, page.draw(views), strict=True):
            layout = layout_of(case, drawn)
            ours = draw_here(renderer, case, layout)
            expected = hashlib.sha256(ours).hexdigest()
            for name in RENDERERS:
                compared += 1
                if drawn.digests[name] != expected:
                    theirs = page.pixels(case, name, drawn.pane)
                    found[case.number, name] = differences(ours, theirs)
            fault = layout.geometry.fault
            told = {
                "texts": (drawn.texts, texts_of(case, layout)),
                "fault": (drawn.failures, [] if fault is None else [fault]),
            }
            found |= {
                (case.number, name): each for name, each in told.items() if each[0] != each[1]
            }
    assert compared == 2 * VIEWS
    assert not found
