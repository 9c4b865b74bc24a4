"""Catalogue of features and their parameters. Pure: nothing is compiled here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

COLUMNS: Final = ("open", "high", "low", "close", "volume")
"""Columns of a bar, which are features themselves and the inputs of most others."""
CONTEXT: Final[Mapping[str, str]] = {
    "sentiment": "mean sentiment of the instrument's latest headlines, -1 to 1; fades over an hour",
    "anomaly": "score of the strongest anomaly within the latest bars, 0 without one",
}
"""Features that do not come from bars, with their descriptions."""
MAX_PERIOD: Final = 10_000


class FeatureError(ValueError):
    """A feature or its parameters do not exist; the text says why."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a feature; an integer if its default is one."""

    name: str
    default: float
    least: float = 1
    most: float = MAX_PERIOD

    def checked(self, feature: str, value: float) -> float:
        """Return a value that is allowed, converted to the parameter's type.

        Raises
        ------
        FeatureError
            The value is not an integer where it must be, or is out of range.
        """
        whole = isinstance(self.default, int)
        if whole and not float(value).is_integer():
            raise FeatureError(f"{feature}: {self.name} is a whole number, not {value:g}")
        if not self.least <= value <= self.most:
            raise FeatureError(
                f"{feature}: {self.name} is from {self.least:g} to {self.most:g}, not {value:g}"
            )
        return int(value) if whole else float(value)


@dataclass(frozen=True, slots=True)
class Definition:
    """A kind of feature.

    Attributes
    ----------
    kernel : str
        Name of a kernel in `tickfire.kernels.native`.
    inputs : tuple of str
        Its arrays: columns, or ``"src"`` for a column of the user's choice (default close).
    parameters : tuple of Parameter
        Parameters that the user may give.
    output : int
        Index among the results of the kernel.
    fixed : mapping of str to int
        Parameters of the kernel that the user may not give.
    help : str
        Description.
    """

    kernel: str
    inputs: tuple[str, ...]
    parameters: tuple[Parameter, ...]
    help: str
    output: int = 0
    fixed: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True, order=True)
class Feature:
    """A feature with its parameters, such as ``rsi(14)``.

    Attributes
    ----------
    name : str
        A key of `FEATURES` or `CONTEXT`, or one of `COLUMNS`.
    arguments : tuple of float
        Parameters, in order.
    source : str
        Column that it is computed from, where the user has a choice.
    """

    name: str
    arguments: tuple[float, ...] = ()
    source: str = "close"

    @classmethod
    def of(cls, name: str, *arguments: float, source: str | None = None) -> Feature:
        """Return a feature after checking its name and parameters.

        Parameters
        ----------
        name : str
        *arguments : float
            Parameters, in order; defaults replace those left out at the end.
        source : str, optional
            Column to compute it from.

        Raises
        ------
        FeatureError
            There is no such feature, or not with these parameters.
        """
        if name in COLUMNS or name in CONTEXT:
            if arguments or source is not None:
                raise FeatureError(f"{name} takes no parameters")
            return cls(name)
        definition = FEATURES.get(name)
        if definition is None:
            raise FeatureError(f"there is no feature {name}")
        takes = definition.parameters
        if len(arguments) > len(takes):
            names = ", ".join(p.name for p in takes) or "no parameters"
            raise FeatureError(f"{name} takes {names}")
        if source is not None and definition.inputs != ("src",):
            raise FeatureError(f"{name} takes no column")
        if source is not None and source not in COLUMNS:
            raise FeatureError(f"there is no column {source}")
        values = (*arguments, *(p.default for p in takes[len(arguments) :]))
        checked = tuple(p.checked(name, v) for p, v in zip(takes, values, strict=True))
        return cls(name, checked, source or "close")

    def __str__(self) -> str:
        parts = [f"{value:g}" for value in self.arguments]
        if self.source != "close":
            parts.insert(0, self.source)
        return f"{self.name}({', '.join(parts)})" if parts else self.name


def _period(default: int = 14, least: int = 1) -> tuple[Parameter, ...]:
    return (Parameter("period", default, least),)


_SRC: Final = ("src",)
_HLC: Final = ("high", "low", "close")
_MACD: Final = (Parameter("fast", 12), Parameter("slow", 26), Parameter("signal", 9))
_BAND: Final = (Parameter("period", 20), Parameter("width", 2.0, 0, 100))
_KELTNER: Final = (Parameter("period", 20), Parameter("atr_period", 10), _BAND[1])
_STOCHASTIC: Final = (Parameter("period", 14), Parameter("slowing", 3), Parameter("smoothing", 3))
_SAR: Final = (Parameter("acceleration", 0.02, 0, 1), Parameter("maximum", 0.2, 0, 1))
_TREND: Final = (Parameter("period", 10), Parameter("width", 3.0, 0, 100))
_SAMPLE: Final = (("freedom", 1),)

FEATURES: Final[Mapping[str, Definition]] = {
    "sma": Definition("sma", _SRC, _period(20), "simple moving average"),
    "ema": Definition("ema", _SRC, _period(20), "exponential moving average"),
    "wma": Definition("wma", _SRC, _period(20), "weighted moving average"),
    "dema": Definition("dema", _SRC, _period(20), "double exponential moving average"),
    "macd": Definition("macd", _SRC, _MACD, "fast EMA less slow EMA"),
    "macd_signal": Definition("macd", _SRC, _MACD, "EMA of the MACD", 1),
    "macd_histogram": Definition("macd", _SRC, _MACD, "MACD less its EMA", 2),
    "rsi": Definition("rsi", _SRC, _period(), "relative strength index, 0 to 100"),
    "stochastic_k": Definition("stochastic", _HLC, _STOCHASTIC, "stochastic %K, 0 to 100"),
    "stochastic_d": Definition("stochastic", _HLC, _STOCHASTIC, "stochastic %D, 0 to 100", 1),
    "cci": Definition("cci", _HLC, _period(20), "commodity channel index"),
    "mfi": Definition("mfi", (*_HLC, "volume"), _period(), "money flow index, 0 to 100"),
    "bollinger_middle": Definition("bollinger", _SRC, _BAND, "middle Bollinger band"),
    "bollinger_upper": Definition("bollinger", _SRC, _BAND, "upper Bollinger band", 1),
    "bollinger_lower": Definition("bollinger", _SRC, _BAND, "lower Bollinger band", 2),
    "keltner_middle": Definition("keltner", _HLC, _KELTNER, "middle of the Keltner channel"),
    "keltner_upper": Definition("keltner", _HLC, _KELTNER, "top of the Keltner channel", 1),
    "keltner_lower": Definition("keltner", _HLC, _KELTNER, "bottom of the Keltner channel", 2),
    "highest": Definition("donchian", _HLC[:2], _period(20), "highest high"),
    "lowest": Definition("donchian", _HLC[:2], _period(20), "lowest low", 1),
    "atr": Definition("atr", _HLC, _period(), "average true range"),
    "adx": Definition("adx", _HLC, _period(), "average directional index, 0 to 100"),
    "plus_di": Definition("adx", _HLC, _period(), "positive directional indicator", 1),
    "minus_di": Definition("adx", _HLC, _period(), "negative directional indicator", 2),
    "supertrend": Definition("supertrend", _HLC, _TREND, "trailing band"),
    "trend": Definition("supertrend", _HLC, _TREND, "direction of the supertrend, -1 or 1", 1),
    "sar": Definition("sar", _HLC[:2], _SAR, "parabolic stop and reverse"),
    "obv": Definition("obv", ("close", "volume"), (), "on-balance volume"),
    "mean": Definition("rolling", _SRC, _period(20, 2), "rolling mean", 0, _SAMPLE),
    "variance": Definition("rolling", _SRC, _period(20, 2), "rolling sample variance", 1, _SAMPLE),
    "zscore": Definition("rolling", _SRC, _period(20, 2), "deviations from the mean", 2, _SAMPLE),
    "slope": Definition(
        "regression_channel", _SRC, _period(20, 2), "slope of the regression line, a bar", 3,
        (("width", 2),),
    ),
    "returns": Definition("returns", _SRC, (Parameter("lag", 1),), "relative change"),
    "log_returns": Definition("log_returns", _SRC, (Parameter("lag", 1),), "logarithmic change"),
    "volatility": Definition(
        "realised_volatility", _SRC, _period(20, 2), "deviation of log returns, a bar", 0,
        (("per_year", 1),),
    ),
    "drawdown": Definition("drawdown", _SRC, (), "relative to the highest so far, 0 or less"),
}  # fmt: skip
