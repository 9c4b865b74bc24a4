"""Check of what a chart has drawn: a figure counts only for the picture that was asked for."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from PIL import Image
from playwright.sync_api import Page

UP: Final = (0x26, 0xB3, 0x89)
DOWN: Final = (0xEF, 0x53, 0x61)
# Distance of a channel within which a colour counts as the same.
TOLERANCE: Final = 24
# The pane of a chart of 1200 x 600 px, which axes make smaller, and the least and most of each.
WIDTH: Final = (1100, 1160)
HEIGHT: Final = (560, 585)
# A candle covers more rows than the line of the last price, which crosses every column.
ROWS: Final = 2
# Share of the candles in view that must be seen. Where they are more than columns, a chart may join
# them by powers of two, which leaves up to half of the columns bare.
SEEN: Final = 0.95


class WrongPicture(Exception):
    """A chart did not draw what it was asked to."""


@dataclass(frozen=True)
class Picture:
    """Counts over a chart's pane."""

    candles: int
    width: int
    height: int
    pixels: int
    columns: int


def check(page: Page, name: str, bars: int, visible: int) -> Picture:
    """Return the counts of what is drawn; raise WrongPicture if it is not the newest `visible`."""
    shown: dict[str, Any] = page.evaluate("chartBench.shown()")
    box = {key: round(value) for key, value in shown["pane"].items()}
    pixels, columns = _coloured(page.screenshot(clip=shown["pane"]))
    made = Picture(shown["last"] - shown["first"], box["width"], box["height"], pixels, columns)
    wanted = (bars - visible, bars)
    if (shown["first"], shown["last"]) != wanted:
        seen = f"candles {shown['first']} to {shown['last']}"
        raise WrongPicture(f"{name} shows {seen}, not {wanted[0]} to {wanted[1]}")
    if not (WIDTH[0] <= made.width <= WIDTH[1] and HEIGHT[0] <= made.height <= HEIGHT[1]):
        limits = f"{WIDTH[0]} to {WIDTH[1]} by {HEIGHT[0]} to {HEIGHT[1]}"
        raise WrongPicture(f"{name} has a pane of {made.width} x {made.height} px, not {limits}")
    least = round(SEEN * min(visible, made.width / 2))
    if columns < least:
        raise WrongPicture(f"{name} has candles in {columns} columns of pixels, not {least}")
    return made


def _coloured(png: bytes) -> tuple[int, int]:
    """Return the number of pixels in a candle's colour, and of columns that hold candles."""
    image = np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(np.int16)
    found = np.zeros(image.shape[:2], dtype=np.bool_)
    for color in (UP, DOWN):
        found |= (np.abs(image - np.array(color)) < TOLERANCE).all(axis=2)
    return int(found.sum()), int((found.sum(axis=0) >= ROWS).sum())
