"""Catalogue of candlestick patterns: their names, lookbacks and meanings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

__all__ = ["CANDLE_PATTERNS", "DEPTHS", "CandlePattern", "Direction", "index_of"]

type Direction = str
"""``up`` or ``down``, where the pattern is said to point, or ``none``."""


@dataclass(frozen=True, slots=True)
class CandlePattern:
    """A candlestick pattern.

    Attributes
    ----------
    name : str
        Name, such as ``"morning_star"``.
    talib : str
        Name of the TA-Lib function with the same results.
    candles : int
        Number of candles that it consists of.
    lookback : int
        Index of the first candle for which it has a result.
    meaning : str
        One sentence for readers of charts.
    directed : bool
        True if the sign of a result tells a direction.
    depth : float or None
        Default depth: how far the last candle must reach into the first, in bodies of the first;
        None if the pattern takes no depth.
    """

    name: str
    talib: str
    candles: int
    lookback: int
    meaning: str
    directed: bool = True
    depth: float | None = None

    @property
    def title(self) -> str:
        """The name as a title, such as ``"Morning star"``."""
        return self.name.replace("_", " ").capitalize()

    def direction(self, result: int) -> Direction:
        """Return the direction of a result other than 0."""
        if not self.directed:
            return "none"
        return "up" if result > 0 else "down"


_P = CandlePattern

CANDLE_PATTERNS: Final[tuple[CandlePattern, ...]] = (
    _P("belt_hold", "CDLBELTHOLD", 1, 10, "A long candle that never traded beyond its open."),
    _P(
        "closing_marubozu", "CDLCLOSINGMARUBOZU", 1, 10,
        "A long candle that closed at its extreme.",
    ),
    _P("marubozu", "CDLMARUBOZU", 1, 10, "A long candle without shadows: one side all the way."),
    _P("doji", "CDLDOJI", 1, 10, "Open and close practically equal: indecision.", False),
    _P("dragonfly_doji", "CDLDRAGONFLYDOJI", 1, 10, "Fell, and came all the way back."),
    _P("gravestone_doji", "CDLGRAVESTONEDOJI", 1, 10, "Rose, and came all the way back.", False),
    _P("takuri", "CDLTAKURI", 1, 10, "A dragonfly doji with a very long lower shadow."),
    _P("long_legged_doji", "CDLLONGLEGGEDDOJI", 1, 10, "A doji with a long shadow.", False),
    _P("rickshaw_man", "CDLRICKSHAWMAN", 1, 10, "A doji in the middle of two long shadows.", False),
    _P("high_wave", "CDLHIGHWAVE", 1, 10, "A small body between two very long shadows.", False),
    _P("spinning_top", "CDLSPINNINGTOP", 1, 10, "A small body between longer shadows.", False),
    _P("long_line", "CDLLONGLINE", 1, 10, "A long body with short shadows."),
    _P("short_line", "CDLSHORTLINE", 1, 10, "A short body with short shadows."),
    _P("counterattack", "CDLCOUNTERATTACK", 2, 11, "A long candle back to the close before it."),
    _P(
        "dark_cloud_cover", "CDLDARKCLOUDCOVER", 2, 11,
        "Opened above a long white candle, closed deep within it.", depth=0.5,
    ),
    _P(
        "piercing", "CDLPIERCING", 2, 11,
        "Opened below a long black candle, closed above its middle.",
    ),
    _P("doji_star", "CDLDOJISTAR", 2, 11, "A doji that gaps away from a long candle."),
    _P(
        "engulfing", "CDLENGULFING", 2, 2,
        "A body that covers the one before, of the other colour.",
    ),
    _P("harami", "CDLHARAMI", 2, 11, "A small body within a long one."),
    _P("harami_cross", "CDLHARAMICROSS", 2, 11, "A doji within a long body."),
    _P("homing_pigeon", "CDLHOMINGPIGEON", 2, 11, "A small black body within a long black one."),
    _P("hammer", "CDLHAMMER", 2, 11, "Fell far below and closed near the top, after a low."),
    _P("hanging_man", "CDLHANGINGMAN", 2, 11, "The shape of a hammer, at a high."),
    _P(
        "inverted_hammer", "CDLINVERTEDHAMMER", 2, 11,
        "Rose far above and fell back, after a gap down.",
    ),
    _P("shooting_star", "CDLSHOOTINGSTAR", 2, 11, "Rose far above and fell back, after a gap up."),
    _P(
        "in_neck", "CDLINNECK", 2, 11,
        "Opened below a long black candle, closed just at its close.",
    ),
    _P("on_neck", "CDLONNECK", 2, 11, "Opened below a long black candle, closed at its low."),
    _P(
        "thrusting", "CDLTHRUSTING", 2, 11,
        "Opened below a long black candle, closed under its middle.",
    ),
    _P("kicking", "CDLKICKING", 2, 11, "Two marubozu of opposite colours with a gap between."),
    _P(
        "kicking_by_length", "CDLKICKINGBYLENGTH", 2, 11,
        "Two marubozu with a gap between; the longer one decides.",
    ),
    _P("matching_low", "CDLMATCHINGLOW", 2, 6, "Two black candles that close at one price."),
    _P(
        "separating_lines", "CDLSEPARATINGLINES", 2, 11,
        "Opened where the candle before did, and went the other way.",
    ),
    _P(
        "two_crows", "CDL2CROWS", 3, 12,
        "Two black candles above a long white one, closing into it.",
    ),
    _P(
        "upside_gap_two_crows", "CDLUPSIDEGAP2CROWS", 3, 12,
        "Two black candles above a long white one, the second around the first.",
    ),
    _P("three_inside", "CDL3INSIDE", 3, 12, "A harami, confirmed by the next close."),
    _P("three_outside", "CDL3OUTSIDE", 3, 3, "An engulfing, confirmed by the next close."),
    _P(
        "three_stars_in_the_south", "CDL3STARSINSOUTH", 3, 12,
        "Three black candles, each smaller and with a higher low.",
    ),
    _P(
        "three_white_soldiers", "CDL3WHITESOLDIERS", 3, 12,
        "Three white candles that rise in step without upper shadows.",
    ),
    _P("advance_block", "CDLADVANCEBLOCK", 3, 12, "Three white candles that weaken as they rise."),
    _P(
        "stalled_pattern", "CDLSTALLEDPATTERN", 3, 12,
        "Two long white candles, and a small one on top.",
    ),
    _P(
        "abandoned_baby", "CDLABANDONEDBABY", 3, 12,
        "A doji that stands apart between two candles of opposite colours.", depth=0.3,
    ),
    _P(
        "evening_star", "CDLEVENINGSTAR", 3, 12,
        "A small candle above a long white one, then a black one deep into it.", depth=0.3,
    ),
    _P(
        "evening_doji_star", "CDLEVENINGDOJISTAR", 3, 12,
        "A doji above a long white candle, then a black one deep into it.", depth=0.3,
    ),
    _P(
        "morning_star", "CDLMORNINGSTAR", 3, 12,
        "A small candle below a long black one, then a white one deep into it.", depth=0.3,
    ),
    _P(
        "morning_doji_star", "CDLMORNINGDOJISTAR", 3, 12,
        "A doji below a long black candle, then a white one deep into it.", depth=0.3,
    ),
    _P(
        "gap_side_by_side_white", "CDLGAPSIDESIDEWHITE", 3, 7,
        "Two white candles of one size side by side beyond a gap.",
    ),
    _P(
        "identical_three_crows", "CDLIDENTICAL3CROWS", 3, 12,
        "Three black candles, each opening where the one before closed.",
    ),
    _P(
        "stick_sandwich", "CDLSTICKSANDWICH", 3, 7,
        "Two black candles that close at one price, a white one between them.",
    ),
    _P("tasuki_gap", "CDLTASUKIGAP", 3, 7, "A gap that the next candle enters but does not close."),
    _P("tristar", "CDLTRISTAR", 3, 12, "Three doji, the middle one beyond the others."),
    _P(
        "unique_three_river", "CDLUNIQUE3RIVER", 3, 12,
        "A new low within a long black candle's body, then a small white one.",
    ),
    _P("gap_three_methods", "CDLXSIDEGAP3METHODS", 3, 2, "A gap that the third candle closes."),
    _P(
        "three_line_strike", "CDL3LINESTRIKE", 4, 8,
        "Three in one direction, and one that undoes them.",
    ),
    _P("three_black_crows", "CDL3BLACKCROWS", 4, 13, "Three black candles that fall in step."),
    _P(
        "concealing_baby_swallow", "CDLCONCEALBABYSWALL", 4, 13,
        "Two black marubozu, a gap down, and a black candle that engulfs it.",
    ),
    _P("breakaway", "CDLBREAKAWAY", 5, 14, "A run that began with a gap turns back into the gap."),
    _P("ladder_bottom", "CDLLADDERBOTTOM", 5, 14, "A ladder down whose last rung is bought back."),
    _P(
        "mat_hold", "CDLMATHOLD", 5, 14,
        "A long white candle, a rest that holds above it, and a new high.", depth=0.5,
    ),
    _P(
        "three_methods", "CDLRISEFALL3METHODS", 5, 14,
        "A long candle, a rest within it, and a long one that goes on.",
    ),
    _P("hikkake", "CDLHIKKAKE", 3, 5, "An inside bar whose breakout fails."),
    _P("modified_hikkake", "CDLHIKKAKEMOD", 4, 10, "Two inside bars whose breakout fails."),
)  # fmt: skip
"""All patterns, in the order of the columns that `candles_kernel` writes."""

DEPTHS: Final[tuple[str, ...]] = tuple(p.name for p in CANDLE_PATTERNS if p.depth is not None)
"""Names of the patterns that take a depth, in the order in which the kernel takes depths."""


def index_of(name: str) -> int:
    """Return the column of a pattern.

    Raises
    ------
    KeyError
        There is no pattern of that name.
    """
    for index, pattern in enumerate(CANDLE_PATTERNS):
        if pattern.name == name:
            return index
    raise KeyError(name)
