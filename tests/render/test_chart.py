"""Charts for notebooks, drawn in a process that may die."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.support.render.cases import random_case
from tickfire.render import Bars, Chart, ChartError, NoAdapter
from tickfire.render.annotations import markers_of, price_lines_of
from tickfire.render.options import Options
from tickfire.render.palettes import palette_of, text_colors
from tickfire.render.scene.candles import Candles
from tickfire.render.scene.geometry import PaneSize, View, lay_out
from tickfire.render.scene.markers import place_markers
from tickfire.render.scene.price_lines import PriceLine, place_line_labels
from tickfire.render.worker.client import RenderDied, RenderProcess

pytestmark = pytest.mark.timeout(300)  # kernels may have to be compiled


@pytest.fixture(scope="module")
def process() -> Iterator[RenderProcess]:
    process = RenderProcess(deadline_s=60)
    yield process
    process.close()


@pytest.fixture(scope="module")
def bars() -> Bars:
    case = random_case(2)
    return Bars(case.time, case.prices, case.volume, case.tick_size)


def image_of(png: bytes) -> Any:
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))


def count(pixels: Any, color: tuple[int, int, int]) -> int:
    return int((pixels == color).all(axis=-1).sum())


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_a_chart_is_a_picture_in_the_colours_of_the_page(
    bars: Bars, tmp_path: Path, theme: str
) -> None:
    chart = Chart(
        bars, symbol="BTC/USD", interval="1m", theme=theme, width=640, height=360, scale=2,
        indicators=("ema(20)", "macd"),
    )  # fmt: skip
    pixels = image_of(chart._repr_png_())
    palette = palette_of(theme)
    assert pixels.shape == (720, 1280, 3)
    for color in (palette.up, palette.down, palette.volume_up, palette.axis_text, palette.grid):
        assert count(pixels, color) > 50, color
    assert chart.save(tmp_path / "chart.png").read_bytes() == chart.png()
    assert "BTC/USD 1m" in repr(chart)


def test_lines_and_markers_are_in_their_colours(bars: Bars) -> None:
    middle = int(bars.time[len(bars) // 2])
    markers = [
        {"time": middle, "glyph": "▲", "side": "below", "tone": "up"},
        {"time": middle, "glyph": "!", "tone": "alert"},
    ]
    lines = [{"price": bars.prices[-1, 3] / 1e9, "color": "#5b8def", "style": "solid", "width": 2}]
    plain = image_of(Chart(bars, width=640, height=360).png())
    chart = Chart(bars, width=640, height=360, price_lines=lines, markers=markers)
    marked = image_of(chart.png())
    assert count(marked, (0x5B, 0x8D, 0xEF)) > 2 * 500
    assert count(marked, text_colors("dark").warn) > 3
    changed = (plain != marked).any(axis=-1)
    assert changed.sum() > 1_100


def test_markers_of_one_bar_and_side_are_one(bars: Bars) -> None:
    candles = Candles.of(bars.time, bars.prices, bars.volume, bars.tick_size)
    geometry = lay_out(candles, View(8, 6), PaneSize(640, 360, 1))
    last, interval_ms = int(bars.time[-1]), bars.interval_ms
    markers = markers_of([
        {"time": last, "glyph": "A"},
        {"time": last + interval_ms - 1, "glyph": "B"},
        {"time": last, "glyph": "C", "side": "below"},
        {"time": last + interval_ms, "glyph": "D"},
        {"time": int(bars.time[0]) - 1, "glyph": "E"},
    ])  # fmt: skip
    placed = place_markers(markers, candles, geometry, interval_ms)
    assert [(each.text, each.side) for each in placed] == [("B2", "above"), ("C", "below")]
    assert placed[0].row < placed[1].row


def test_a_line_is_labelled_as_the_axis_is(bars: Bars) -> None:
    candles = Candles.of(bars.time, bars.prices, bars.volume, bars.tick_size)
    geometry = lay_out(candles, View(8, 6), PaneSize(640, 360, 1))
    price = bars.prices[-1, 3] / 1e9
    (line,) = price_lines_of({"price": price, "title": "Stop"})
    (label,) = place_line_labels([line, PriceLine(1e9)], candles, geometry)
    assert label.text == f"Stop {candles.format(candles.close[-1])}"
    assert label.row == geometry.row_of(candles.close[-1])


def test_a_process_that_dies_is_replaced(process: RenderProcess, bars: Bars) -> None:
    picture = Options(width=320, height=200).picture("A", 60_000, 100)
    first = process.draw(picture, bars)
    starts = process.starts
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)
    assert process.draw(picture, bars) == first
    assert process.starts == starts + 1


def test_a_process_that_hangs_is_ended(bars: Bars) -> None:
    process = RenderProcess(deadline_s=1)
    picture = Options(width=320, height=200).picture("A", 60_000, 100)
    try:
        process.draw(picture, bars)
        assert process.pid is not None
        hung = process.pid
        os.kill(hung, signal.SIGSTOP)
        with pytest.raises(RenderDied, match="no picture within 1 s"):
            process.draw(picture, bars)
        with pytest.raises(ProcessLookupError):
            os.kill(hung, 0)
    finally:
        process.close()


def test_a_picture_of_no_bars_is_drawn(process: RenderProcess) -> None:
    empty = Bars(np.zeros(0, np.int64), np.zeros((0, 4), np.int64), np.zeros(0))
    picture = Options(width=320, height=200, indicators="rsi").picture("A", 60_000, 100)
    assert image_of(process.draw(picture, empty)).shape == (200, 320, 3)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"width": 10}, "width must be a whole number from 200 to 4096, not 10"),
        ({"height": 1e9}, "height must be"),
        ({"scale": float("nan")}, "scale must be a number from 0.5 to 4"),
        ({"width": 4096, "height": 4096, "scale": 4}, "at most 8192 pixels a side"),
        ({"theme": "blue"}, "theme must be dark or light"),
        ({"interval": "1x"}, "is no interval"),
        ({"zone": "Mars"}, "is no time zone"),
        ({"indicators": "foo"}, "there is no indicator"),
        ({"last": 0}, "last must be"),
        ({"price_scale": "cubic"}, "price_scale must be linear or log or percent, not cubic"),
        ({"price_lines": "high"}, "price_lines: price must be a finite number, not high"),
        ({"price_lines": [float("nan")]}, "price must be a finite number"),
        ({"price_lines": [1] * 51}, "price_lines: there may be at most 50, not 51"),
        ({"price_lines": [{"price": 1, "colour": "red"}]}, "no colour; there are price, color"),
        ({"price_lines": [{"title": "Stop"}]}, "lacks a field"),
        ({"price_lines": [{"price": 1, "color": "red"}]}, "color must be #rrggbb, not red"),
        ({"price_lines": [{"price": 1, "style": "wavy"}]}, "style must be solid or dashed"),
        ({"price_lines": [{"price": 1, "width": 0}]}, "width must be above 0"),
        ({"markers": ["!"]}, "markers: a mapping with time and glyph was expected"),
        ({"markers": [{"time": 1, "glyph": "BUY"}]}, "glyph must be text of at most 2"),
        ({"markers": [{"time": "soon", "glyph": "!"}]}, "markers: 'soon' is no time"),
        ({"markers": [{"time": 1, "glyph": "!", "side": "left"}]}, "side must be above or below"),
    ],
)
def test_options_have_limits(bars: Bars, options: dict[str, Any], words: str) -> None:
    with pytest.raises(ChartError) as caught:
        Chart(bars, **options)
    assert words in str(caught.value)


def test_without_an_adapter_it_says_what_to_install(
    bars: Bars, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VK_DRIVER_FILES", "/nowhere.json")
    process = RenderProcess()
    picture = Options(width=320, height=200).picture("A", 60_000, 100)
    with pytest.raises(NoAdapter, match="mesa-vulkan-drivers"):
        process.draw(picture, bars)
    assert process.pid is None


def test_without_the_extra_the_import_says_how_to_install_it() -> None:
    code = "import sys; sys.modules['wgpu'] = None; import tickfire.render"
    hide = "import importlib.util as u; f = u.find_spec; "
    hide += "u.find_spec = lambda name, *a: None if name == 'wgpu' else f(name, *a); "
    done = subprocess.run(
        [sys.executable, "-c", hide + code], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("ImportError: tickfire.render needs wgpu, not installed here: ")
    assert last.endswith("pip install 'tickfire[render]'.")
