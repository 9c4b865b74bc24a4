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
from tickfire.render.options import Options
from tickfire.render.palettes import palette_of
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
    assert last.startswith("ImportError: tickfire.render needs wgpu; install the extra render: ")
    assert "pip install 'tickfire[render]'" in last
