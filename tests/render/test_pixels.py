"""The server draws the pixels that the browser draws, with WebGPU and with Canvas2D."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from tests.support.browser.chromium import launch
from tests.support.render.cases import Case, random_case
from tests.support.render.page import ScenePage, served
from tickfire.render.gpu.renderer import Renderer
from tickfire.render.palettes import palette_of
from tickfire.render.scene.scene import arrange, paint

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

VIEWS = 60


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ScenePage]:
    with served(tmp_path_factory.mktemp("scene")) as url, launch() as browser:
        yield ScenePage.open(browser, url)


@pytest.fixture(scope="module")
def renderer() -> Renderer:
    return Renderer()


def draw_here(renderer: Renderer, case: Case) -> Any:
    candles = case.candles
    layout = arrange(candles, case.view, case.pane, case.series, interval_ms=case.interval_ms)
    scene = paint(candles, layout, palette_of(case.theme), case.series)
    return renderer.draw(scene)[..., :3]


def differences(one: Any, two: Any) -> str:
    """Return where two images differ, nothing if they do not."""
    assert one.shape == two.shape
    rows, columns = np.nonzero((one != two).any(axis=-1))
    if not len(rows):
        return ""
    return (
        f"{len(rows)} pixels, rows {rows.min()} to {rows.max()}, "
        f"columns {columns.min()} to {columns.max()}"
    )


def test_random_views_are_equal_by_all_three(page: ScenePage, renderer: Renderer) -> None:
    found = {}
    for seed in range(VIEWS):
        case = random_case(seed)
        ours = draw_here(renderer, case)
        for name, theirs in page.draw(case).items():
            found[seed, name] = differences(ours, theirs)
    assert len(found) == 2 * VIEWS
    assert not any(found.values()), {key: text for key, text in found.items() if text}
