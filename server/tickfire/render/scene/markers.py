"""Marks on candles, as in ``client_js/src/chart/markers.ts``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from tickfire.render.scene.candles import Candles
from tickfire.render.scene.geometry import Geometry
from tickfire.render.scene.snap import to_columns

MAX_DRAWN: Final = 200
"""Groups drawn at once; the newest are kept."""

type Side = Literal["above", "below"]
type Tone = Literal["up", "down", "flat", "alert"]


@dataclass(frozen=True, slots=True)
class Marker:
    """A mark on a candle.

    Attributes
    ----------
    time : int
        Any instant of its candle, in ms since the Unix epoch.
    glyph : str
        The text drawn: one or two characters.
    side : str
        "above" or "below" the candle.
    tone : str
        Its colour: "up", "down", "flat" or "alert".
    """

    time: int
    glyph: str
    side: Side = "above"
    tone: Tone = "flat"


@dataclass(frozen=True, slots=True)
class MarkerLabel:
    """The markers of one candle and side, drawn as one at a point in device pixels."""

    column: int
    row: int
    text: str
    side: Side
    tone: Tone


def place_markers(
    markers: Sequence[Marker], candles: Candles, geometry: Geometry, interval_ms: int
) -> tuple[MarkerLabel, ...]:
    """Group markers by candle and side, and place those of the candles in sight."""
    groups: dict[tuple[int, Side], list[Marker]] = {}
    for marker in markers:
        index = int(np.searchsorted(candles.time, marker.time, side="right")) - 1
        if index >= 0 and marker.time - int(candles.time[index]) < interval_ms:
            groups.setdefault((index, marker.side), []).append(marker)
    first, last = geometry.first * geometry.per, geometry.last * geometry.per
    shown = sorted((key for key in groups if first <= key[0] < last), key=lambda key: key[0])
    return tuple(
        _label(index, side, groups[index, side], candles, geometry)
        for index, side in shown[-MAX_DRAWN:]
    )


def _label(
    index: int, side: Side, markers: Sequence[Marker], candles: Candles, geometry: Geometry
) -> MarkerLabel:
    bucket = index // geometry.per - geometry.first
    column = int(to_columns(bucket, geometry.offset, geometry.slot))
    price = (candles.high if side == "above" else candles.low)[index]
    newest = markers[-1]
    text = newest.glyph if len(markers) == 1 else f"{newest.glyph}{len(markers)}"
    return MarkerLabel(column, geometry.row_of(price), text, side, newest.tone)
