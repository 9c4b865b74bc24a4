"""Prices to label on each scale, and their text.

As in ``client_js/src/chart/scale-ticks.ts`` and ``price-text.ts``.
"""

from __future__ import annotations

import math
from typing import Final

from tickfire.render.scene.candles import Candles
from tickfire.render.scene.decimals import percent
from tickfire.render.scene.geometry import Geometry
from tickfire.render.scene.ticks import decimals_for, nice_step

_PERCENT: Final = 100
_LEAST_DECIMALS: Final = 2
_APART_PX: Final = 10
"""A percentage tells prices apart that are this many device pixels from each other."""


def scale_ticks(geometry: Geometry, least: float, tick: float) -> list[float]:
    """Return prices in units to label, at least `least` device pixels apart.

    A percent scale has round shares instead of round prices; `tick` is the least price step.
    """
    top, bottom = geometry.units_at(0), geometry.units_at(geometry.height)
    gap = least / geometry.px_per_unit
    if geometry.reference is not None:
        return _percent_ticks(bottom, top, gap, geometry.reference)
    return geometry.mapping.ticks(bottom, top, gap, tick)


def _percent_ticks(bottom: float, top: float, gap: float, reference: float) -> list[float]:
    """Return round percentages of `reference`, as prices at least `gap` units apart."""
    one = abs(reference) / _PERCENT
    step = nice_step(gap / one)
    first = math.ceil((bottom - reference) / one / step)
    last = math.floor((top - reference) / one / step)
    return [reference + index * step * one for index in range(first, last + 1)]


def axis_text(candles: Candles, geometry: Geometry, units: float) -> str:
    """Return a price in units as the axis tells it.

    On a percent scale that is its distance from the first close in sight.
    """
    reference = geometry.reference
    if reference is None:
        return candles.format(units)
    size = abs(reference)
    apart = _PERCENT * _APART_PX / (size * geometry.px_per_unit)
    decimals = max(decimals_for(apart), _LEAST_DECIMALS)
    return percent((units - reference) / size, decimals)
