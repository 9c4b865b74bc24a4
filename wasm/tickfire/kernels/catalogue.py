"""Catalogue of indicators: their names, their numbers with limits, and how they are drawn.

The kernels compute the indicators; this module describes them to users. The server's features
take their limits from it, and `tickfire.kernels.build` writes it to ``indicators.ts`` for the
page. It imports the standard library only and compiles nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from tickfire.kernels.units import MILLISECOND_NS, MINUTE_NS

__all__ = [
    "INDICATORS",
    "MAX_PERIOD",
    "NOT_INDICATORS",
    "SOURCES",
    "Indicator",
    "Number",
    "Output",
]

MAX_PERIOD: Final = 10_000
"""Longest period that a user may choose, in bars; the kernels accept longer ones."""

SOURCES: Final = ("close", "open", "high", "low", "typical")
"""Prices of a bar that an indicator of one series can be computed from."""

DAY_MINUTES: Final = 1_440
YEAR_DAYS: Final = 366
LATEST_MS: Final = 4_611_686_018_427
"""2**62 ns after the Unix epoch, in ms: the latest time that kernels accept."""


@dataclass(frozen=True, slots=True)
class Number:
    """Number that an indicator takes.

    Attributes
    ----------
    label : str
        Its name in a form.
    default, minimum, maximum : float
        Default value and inclusive limits.
    whole : bool
        Whether only integers are allowed.
    unit_ns : int or None
        Nanoseconds per unit, if the kernel takes nanoseconds; None if it takes the number itself.
    """

    label: str
    default: float
    minimum: float = 1
    maximum: float = MAX_PERIOD
    whole: bool = True
    unit_ns: int | None = None


@dataclass(frozen=True, slots=True)
class Output:
    """Series of results.

    Attributes
    ----------
    label : str
        Its name in a legend; empty if the indicator's title suffices.
    plot : str
        How it is drawn; "none" if it is not drawn.
    breaks : str or None
        Name of another output; the line is interrupted where that output changes.
    """

    label: str = ""
    plot: Literal["line", "histogram", "dots", "none"] = "line"
    breaks: str | None = None


@dataclass(frozen=True, slots=True)
class Indicator:
    """Indicator: a kernel that gives one result per bar of an instrument.

    Attributes
    ----------
    title, about : str
        Its short name in a legend, and its full name.
    pane : str
        "overlay" over the candles, or "own" for a pane of its own.
    numbers : mapping of str to Number
        Numbers by the kernel's parameter names, in the kernel's order.
    outputs : mapping of str to Output
        Outputs by the kernel's parameter names, in the kernel's order.
    source : str or None
        Price that it is computed from by default; None if it takes whole bars.
    fill : tuple of str, optional
        Two outputs with the area between them filled.
    scale : tuple of float, optional
        Lowest and highest value of the pane's scale.
    guides : tuple of float
        Values marked by a horizontal line.
    other : str or None
        The kernel's input that takes the price of another instrument, which the user chooses; None
        if it is computed from one instrument.
    """

    title: str
    about: str
    pane: Literal["overlay", "own"]
    numbers: Mapping[str, Number] = field(default_factory=dict)
    outputs: Mapping[str, Output] = field(default_factory=lambda: {"out": Output()})
    source: str | None = None
    fill: tuple[str, str] | None = None
    scale: tuple[float, float] | None = None
    guides: tuple[float, ...] = ()
    other: str | None = None


def _period(default: int, minimum: int = 1) -> dict[str, Number]:
    return {"period": Number("Period", default, minimum)}


def _width(default: float) -> dict[str, Number]:
    return {"width": Number("Width", default, 0, 100, whole=False)}


def _average(title: str, about: str) -> Indicator:
    return Indicator(title, about, "overlay", _period(20), source="close")


def _lines(**labels: str) -> dict[str, Output]:
    return {name: Output(label) for name, label in labels.items()}


_BAND: Final = ("upper", "lower")
_CHANNEL: Final = _lines(middle="Middle", upper="Upper", lower="Lower")
_BARS: Final = {"out": Output(plot="histogram")}
_SESSIONS: Final = {
    "session_ns": Number(
        "Session, minutes", DAY_MINUTES, 1, YEAR_DAYS * DAY_MINUTES, unit_ns=MINUTE_NS
    ),
    "offset_ns": Number("Begins, minutes", 0, 0, DAY_MINUTES, unit_ns=MINUTE_NS),
}

INDICATORS: Final[Mapping[str, Indicator]] = {
    "sma": _average("SMA", "Simple moving average"),
    "ema": _average("EMA", "Exponential moving average"),
    "wma": _average("WMA", "Weighted moving average"),
    "dema": _average("DEMA", "Double exponential moving average"),
    "bollinger": Indicator(
        "BB", "Bollinger bands", "overlay", _period(20) | _width(2), _CHANNEL, "close", _BAND
    ),
    "keltner": Indicator(
        "KC",
        "Keltner channel",
        "overlay",
        _period(20) | {"atr_period": Number("ATR period", 10)} | _width(2),
        _CHANNEL,
        fill=_BAND,
    ),
    "donchian": Indicator(
        "DC",
        "Donchian channel",
        "overlay",
        _period(20),
        _lines(upper="Upper", lower="Lower", middle="Middle"),
        fill=_BAND,
    ),
    "regression_channel": Indicator(
        "LR",
        "Linear regression channel",
        "overlay",
        _period(100, 2) | _width(2),
        _CHANNEL | {"slope": Output("Slope", "none")},
        "close",
        _BAND,
    ),
    "vwap": Indicator(
        "VWAP",
        "Volume-weighted average price of the session",
        "overlay",
        _SESSIONS,
        source="typical",
    ),
    "vwap_anchored": Indicator(
        "AVWAP",
        "Volume-weighted average price since an instant",
        "overlay",
        {"anchor_ns": Number("Since, ms of 1970", 0, 0, LATEST_MS, unit_ns=MILLISECOND_NS)},
        source="typical",
    ),
    "pivots": Indicator(
        "Pivots",
        "Pivot points of the previous session",
        "overlay",
        _SESSIONS,
        _lines(
            pivot="P",
            resistance1="R1",
            support1="S1",
            resistance2="R2",
            support2="S2",
            resistance3="R3",
            support3="S3",
        ),
    ),
    "supertrend": Indicator(
        "Supertrend",
        "Supertrend",
        "overlay",
        _period(10) | _width(3),
        {"line": Output(breaks="direction"), "direction": Output("Direction", "none")},
    ),
    "sar": Indicator(
        "SAR",
        "Parabolic stop and reverse",
        "overlay",
        {
            "acceleration": Number("Acceleration", 0.02, 0, 1, whole=False),
            "maximum": Number("Maximum", 0.2, 0, 1, whole=False),
        },
        {"out": Output(plot="dots")},
    ),
    "ichimoku": Indicator(
        "Ichimoku",
        "Ichimoku cloud",
        "overlay",
        {
            "conversion": Number("Conversion", 9),
            "base": Number("Base", 26),
            "span": Number("Span B", 52),
            "displacement": Number("Displacement", 26, 0),
        },
        _lines(conversion_line="Conversion", base_line="Base", leading_a="A", leading_b="B"),
        fill=("leading_a", "leading_b"),
    ),
    "typical": Indicator("Typical", "Typical price", "overlay"),
    "rsi": Indicator(
        "RSI",
        "Relative strength index",
        "own",
        _period(14),
        source="close",
        scale=(0, 100),
        guides=(30, 70),
    ),
    "macd": Indicator(
        "MACD",
        "Moving average convergence and divergence",
        "own",
        {"fast": Number("Fast", 12), "slow": Number("Slow", 26), "signal": Number("Signal", 9)},
        _lines(line="MACD", average="Signal") | {"histogram": Output("Hist", "histogram")},
        "close",
    ),
    "stochastic": Indicator(
        "Stoch",
        "Stochastic oscillator",
        "own",
        _period(14) | {"slowing": Number("Slowing", 3), "smoothing": Number("Smoothing", 3)},
        _lines(k="%K", d="%D"),
        scale=(0, 100),
        guides=(20, 80),
    ),
    "cci": Indicator("CCI", "Commodity channel index", "own", _period(20), guides=(-100, 100)),
    "mfi": Indicator(
        "MFI", "Money flow index", "own", _period(14), scale=(0, 100), guides=(20, 80)
    ),
    "adx": Indicator(
        "ADX",
        "Average directional index",
        "own",
        _period(14),
        _lines(out="ADX", plus="+DI", minus="\N{MINUS SIGN}DI"),
        guides=(25,),
    ),
    "atr": Indicator("ATR", "Average true range", "own", _period(14)),
    "obv": Indicator("OBV", "On-balance volume", "own"),
    "rolling": Indicator(
        "Z-score",
        "Rolling mean, variance and z-score",
        "own",
        _period(20, 2) | {"freedom": Number("Freedom", 0, 0, 1)},
        {
            "mean": Output("Mean", "none"),
            "variance": Output("Variance", "none"),
            "zscore": Output(),
        },
        "close",
        guides=(-2, 2),
    ),
    "returns": Indicator(
        "Returns", "Simple returns", "own", {"lag": Number("Lag", 1)}, _BARS, "close"
    ),
    "log_returns": Indicator(
        "Log returns", "Logarithmic returns", "own", {"lag": Number("Lag", 1)}, _BARS, "close"
    ),
    "realised_volatility": Indicator(
        "RV",
        "Realised volatility",
        "own",
        _period(20) | {"per_year": Number("Bars a year", 252, 0, 1e9, whole=False)},
        source="close",
    ),
    "drawdown": Indicator(
        "Drawdown",
        "Drawdown from the highest price so far",
        "own",
        outputs=_lines(out="Now", deepest="Deepest"),
        source="close",
    ),
    "correlation": Indicator(
        "Correlation",
        "Correlation with another symbol",
        "own",
        _period(20, 2),
        {"coefficient": Output(), "beta": Output("Beta", "none")},
        "close",
        scale=(-1, 1),
        guides=(0,),
        other="x",
    ),
}

NOT_INDICATORS: Final = (
    "bars",
    "longer_bars",
    "trades",
    "exponentials",
    "logarithms",
    "powers",
    "value_area",
    "volume_profile",
)
"""Kernels that give no series of results."""
