"""The visible part of a browser's chart after ``visibleRange``: client_js/src/chart/viewport.ts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from tickfire.render.scene.geometry import PaneSize

FOLLOW_MARGIN: Final = 6
MIN_IN_SIGHT: Final = 3
MAX_SPACING: Final = 80


@dataclass(frozen=True)
class Visible:
    """CSS pixels from candle to candle, and candles right of the newest one."""

    spacing: float
    right_offset: float


def visible(time: Any, interval_ms: int, shown: tuple[int, int], pane: PaneSize) -> Visible:
    """Return the part of a chart after ``visibleRange`` from one time to another, in ms."""
    count = len(time)
    width = max(pane.width / pane.ratio, 1)
    left, right = (_position(time, interval_ms, each) for each in shown)
    least_spacing = min(width / (count + 2 * FOLLOW_MARGIN), 1)
    spacing = _clamp(width / (right - left), least_spacing, MAX_SPACING)
    in_sight = min(MIN_IN_SIGHT, count)
    least = in_sight - count
    most = max(width / spacing - in_sight, least)
    return Visible(spacing, _clamp(right - count, least, most))


def _position(time: Any, interval_ms: int, at: int) -> float:
    """Return the position of a time on the axis on which candle i spans [i, i + 1)."""
    found = int(np.searchsorted(time, at, side="right")) - 1
    end = max(found, 0)
    if 0 <= found < len(time) - 1:
        index, begin = found, int(time[found])
    else:
        index = end + (at - int(time[end])) // interval_ms
        inside = min(max(index, 0), len(time) - 1)
        begin = int(time[inside]) + (index - inside) * interval_ms
    return index + min(max((at - begin) / interval_ms, 0.0), 1.0)


def _clamp(value: float, least: float, most: float) -> float:
    return min(max(value, least), most)
