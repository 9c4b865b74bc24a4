"""Panes below the candles, as in ``client_js/src/chart/sub-panes.ts``."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from tickfire.render.scene.axes import PriceLabel
from tickfire.render.scene.candles import Candles, Extent
from tickfire.render.scene.decimals import compact
from tickfire.render.scene.geometry import PaneSize
from tickfire.render.scene.line_pen import Rows
from tickfire.render.scene.plots import ValueScale
from tickfire.render.scene.series import PRICE_PANE, Series, align, extent_of
from tickfire.render.scene.snap import round_half_up, to_fixed
from tickfire.render.scene.ticks import decimals_for, nice_step

PANE_SHARE: Final = 0.2
ALL_SHARE: Final = 0.6
"""Shares of the height for one pane below the candles, and for all of them at most."""
LABEL_GAP_PX: Final = 30
"""Least CSS pixels between labels of a pane."""
LABEL_MARGIN_PX: Final = 8
MARGIN: Final = 0.12
"""Share of a pane's height left free at either edge."""
FLAT: Final = 1e-9
"""Minimum span of a pane, relative to its values and absolute."""
COMPACT_FROM: Final = 10_000
"""Above this, labels are in thousands, millions and so on."""
SNAP_STEPS: Final = 24
"""Steps of a pane's scale that its ends are rounded to, at least."""
_MAX_SAFE: Final = 2**53 - 1


@dataclass(frozen=True, slots=True)
class SubPane:
    """A pane below the candles.

    Attributes
    ----------
    name : str
    series : tuple of Series
    rows : Rows
    high, low : float
        Values in the top and the bottom row.
    """

    name: str
    series: tuple[Series, ...]
    rows: Rows
    high: float = 1
    low: float = 0

    @property
    def scale(self) -> ValueScale:
        """The vertical scale."""
        scale = (self.rows.bottom - self.rows.top) / (self.high - self.low)
        return ValueScale(self.rows, self.rows.top + self.high * scale, scale)

    @property
    def reading_decimals(self) -> int:
        """Digits of a reading in this pane: finer than its labels."""
        return decimals_for((self.high - self.low) / 1000)


@dataclass(frozen=True, slots=True)
class PaneLayout:
    """Rows of the candles' pane, and the panes below it.

    Attributes
    ----------
    height : int
        Height of the candles' pane.
    line : int
        Thickness of the line above each other pane.
    panes : tuple of SubPane
    """

    height: int
    line: int
    panes: tuple[SubPane, ...] = ()


def divide_panes(series: Iterable[Series], pane: PaneSize) -> PaneLayout:
    """Divide the height between the candles and the panes that the series name."""
    panes: dict[str, list[Series]] = {}
    for one in series:
        if one.pane != PRICE_PANE:
            panes.setdefault(one.pane, []).append(one)
    line = max(math.floor(pane.ratio), 1)
    if not panes:
        return PaneLayout(max(pane.height, 1), line)
    share = min(PANE_SHARE, ALL_SHARE / len(panes))
    each = max(math.floor(pane.height * share), line + 1)
    main = max(pane.height - each * len(panes), 1)
    tops = [main + index * each + line for index in range(len(panes))]
    return PaneLayout(
        main,
        line,
        tuple(
            SubPane(name, tuple(inside), Rows(top, top + each - line))
            for top, (name, inside) in zip(tops, panes.items(), strict=True)
        ),
    )


def fit_pane(pane: SubPane, candles: Candles, first: int, last: int) -> SubPane:
    """Return a pane whose scale fits the values at candles `first` to `last` (exclusive)."""
    low, high = math.inf, -math.inf
    for series in pane.series:
        found = extent_of(series, align(series.time, candles.time[first:last]))
        least, most = series.range or (found.low, found.high)
        low, high = min(low, least), max(high, most)
    if low > high:
        low, high = 0.0, 1.0
    snapped = snap_out(Extent(low, high), high - low)
    low, high = snapped.low, snapped.high
    middle = (low + high) / 2
    # A flat line lies in the middle; differences below the precision of the labels count as flat.
    size = abs(middle)
    is_flat = high - low <= max(size * FLAT, FLAT)
    span = (size if size > FLAT else 1) if is_flat else high - low
    half = span * (0.5 + MARGIN)
    return SubPane(pane.name, pane.series, pane.rows, middle + half, middle - half)


def snap_out(extent: Extent, span: float) -> Extent:
    """Widen an extent to round values of a grid that is fine relative to `span`.

    Small changes with each tick then do not move the scale.
    """
    if not 0 < span < math.inf or extent.low > extent.high:
        return extent
    step = 2.0 ** math.floor(math.log2(span)) / SNAP_STEPS
    if not step > 0 or max(-extent.low, extent.high) / step > _MAX_SAFE:
        return extent
    return Extent(math.floor(extent.low / step) * step, math.ceil(extent.high / step) * step)


def place_labels(pane: SubPane, ratio: float) -> list[PriceLabel]:
    """Return the labels of a pane's scale."""
    scale = pane.scale
    step = nice_step(LABEL_GAP_PX * ratio / scale.scale)
    margin = LABEL_MARGIN_PX * ratio
    labels = []
    index = math.ceil(pane.low / step)
    while index * step <= pane.high:
        row = int(round_half_up(scale.origin - index * step * scale.scale))
        if pane.rows.top + margin <= row <= pane.rows.bottom - margin:
            labels.append(PriceLabel(row, format_value(index * step, decimals_for(step))))
        index += 1
    return labels


def format_value(value: float, decimals: int) -> str:
    """Return a value for display, such as "1.25" or "12.3K"."""
    if not math.isfinite(value):
        return "—"
    size = abs(value)
    is_compact = size >= COMPACT_FROM and decimals < 2
    text = compact(size) if is_compact else to_fixed(size, decimals)
    is_negative = value < 0 and float(to_fixed(size, decimals)) != 0
    return f"\N{MINUS SIGN}{text}" if is_negative else text


def on_prices(series: Sequence[Series]) -> list[Series]:
    """Return the series that are drawn over the candles."""
    return [each for each in series if each.pane == PRICE_PANE]
