"""Layout of the candles on their pane, as in ``client_js/src/chart/geometry.ts``."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from tickfire.render.scene.candles import Candles, Extent
from tickfire.render.scene.price_mapping import PriceMapping, to_record
from tickfire.render.scene.price_scale import PriceRange, PriceScale, ScaleKind, fit
from tickfire.render.scene.snap import to_row

BODY_SHARE: Final = 0.72
"""Share of a slot that a candle's body takes."""
VOLUME_SHARE: Final = 0.17
"""Share of the pane's height that the largest volume takes."""


@dataclass(frozen=True, slots=True)
class PaneSize:
    """A pane in device pixels, and the device pixels in a CSS pixel."""

    width: int
    height: int
    ratio: float


@dataclass(frozen=True, slots=True)
class View:
    """The visible part of a chart.

    Attributes
    ----------
    spacing : float
        CSS pixels from candle to candle.
    right_offset : float
        Candles between the newest one's right edge and the pane's.
    scale : str
        The scale of the prices.
    zoom : float
        Span of the prices, as a multiple of that which fits the visible candles.
    """

    spacing: float
    right_offset: float
    scale: ScaleKind = "linear"
    zoom: float = 1


@dataclass(frozen=True, slots=True)
class Geometry:
    """The layout of the candles on the pane, in device pixels.

    Attributes
    ----------
    width, height : int
    per : int
        Candles in one bucket: 1, or a power of two if there are more candles than pixels.
    first, last : int
        The visible buckets, last exclusive.
    offset : float
        Distance of the first bucket's left edge from the pane's, in slots.
    slot : float
        Pixels from bucket to bucket.
    body, wick : int
    mapping : PriceMapping
    reference : float or None
        The price, in units, that is 0 on a percent scale; None on others.
    fault : str or None
        The reason why the scale is linear, if another was asked for.
    top : float
        Position in row 0, relative to the base of the mapping.
    px_per_unit : float
        Pixels in a unit of positions.
    px_per_volume : float
    """

    width: int
    height: int
    per: int
    first: int
    last: int
    offset: float
    slot: float
    body: int
    wick: int
    mapping: PriceMapping
    reference: float | None
    fault: str | None
    top: float
    px_per_unit: float
    px_per_volume: float

    def row_of(self, units: float) -> int:
        """Return the row of a price in units."""
        return to_row(self.top, self.px_per_unit, to_record(self.mapping, units))

    def units_at(self, row: float) -> float:
        """Return the price, in units, at a row; fractions lie between rows."""
        return self.mapping.to_units(self.mapping.base + self.top - row / self.px_per_unit)


type Stretch = Callable[[Extent, int, int, PriceMapping], Extent]
"""Given the extent, in positions, of candles `first` to `last` (exclusive), returns the one to
fit."""


def lay_out(
    candles: Candles, view: View, pane: PaneSize, stretch: Stretch = lambda extent, *_: extent
) -> Geometry:
    """Place candles on a pane."""
    width, height, ratio = pane.width, pane.height, pane.ratio
    spacing = view.spacing * ratio
    per = bucket_size(spacing)
    right = len(candles) + view.right_offset
    left = right - width / ratio / view.spacing
    buckets = math.ceil(len(candles) / per)
    first = min(max(math.floor(left / per), 0), buckets)
    last = max(min(math.ceil(right / per), buckets), first)
    begin, end = first * per, min(last * per, len(candles))
    scale = PriceScale.of(candles, view.scale, begin)
    mapping = scale.mapping
    prices = _zoomed(_fitted(candles, scale, begin, end, stretch), view.zoom)
    slot = spacing * per
    wick = max(math.floor(ratio), 1) if slot >= 3 * ratio else 1
    volume = candles.max_volume(begin, end, per)
    return Geometry(
        width=width,
        height=height,
        per=per,
        first=first,
        last=last,
        offset=first - left / per,
        slot=slot,
        body=body_width(slot, wick),
        wick=wick,
        mapping=mapping,
        reference=scale.reference,
        fault=scale.fault,
        top=prices.top - mapping.base,
        px_per_unit=height / (prices.top - prices.bottom),
        px_per_volume=height * VOLUME_SHARE / volume if volume > 0 else 0,
    )


def _fitted(
    candles: Candles, scale: PriceScale, first: int, last: int, stretch: Stretch
) -> PriceRange:
    """Return the range that fits candles `first` to `last` (exclusive)."""
    found = candles.extent(first, last)
    if found.low > found.high:
        return fit(found, 0)
    mapping = scale.mapping
    extent = scale.positions(found)
    step = mapping.to_position(found.high + candles.tick_units) - extent.high
    return fit(stretch(extent, first, last, mapping), step)


def _zoomed(prices: PriceRange, factor: float) -> PriceRange:
    """Return a range whose span is multiplied about its middle."""
    if factor == 1:
        return prices
    middle = (prices.top + prices.bottom) / 2
    half = (prices.top - prices.bottom) / 2 * factor
    return PriceRange(middle + half, middle - half)


def bucket_size(spacing: float) -> int:
    """Return the number of candles drawn as one, given the pixels from candle to candle."""
    return 1 if spacing >= 1 else 1 << math.ceil(math.log2(1 / spacing))


def body_width(slot: float, wick: int) -> int:
    """Return the width of a body that leaves a gap and has the wick in its middle."""
    width = min(math.floor(slot * BODY_SHARE), math.floor(slot) - 1)
    if width <= wick:
        return wick
    return width if (width - wick) % 2 == 0 else width - 1
