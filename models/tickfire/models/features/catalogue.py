"""Which features there are, and what each takes. Pure: nothing is compiled here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from tickfire.kernels.catalogue import INDICATORS, MAX_PERIOD

COLUMNS: Final = ("open", "high", "low", "close", "volume")
"""Of a bar: features by themselves, and what most others are computed from."""
CONTEXT: Final[Mapping[str, str]] = {
    "sentiment": "mean sentiment of the instrument's latest headlines, -1 to 1; fades over an hour",
    "anomaly": "score of the strongest anomaly within the latest bars, 0 without one",
}
"""What does not come from bars."""


class FeatureError(ValueError):
    """There is no such feature, or not with these parameters; the text says why."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A number that a feature takes; a whole one, unless its default is not."""

    name: str
    default: float
    least: float = 1
    most: float = MAX_PERIOD

    def checked(self, feature: str, value: float) -> float:
        """Return a value that is allowed.

        Raises
        ------
        FeatureError
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
    """One kind of feature.

    Attributes
    ----------
    kernel : str
        Of `tickfire.kernels.native`.
    inputs : tuple of str
        Its arrays: columns, or ``"src"``: one column of the user's choice, the close by default.
    parameters : tuple of Parameter
    output : int
        Which of its results.
    fixed : mapping of str to int
        Parameters of the kernel that are not for choice.
    help : str
    """

    kernel: str
    inputs: tuple[str, ...]
    parameters: tuple[Parameter, ...]
    help: str
    output: int = 0
    fixed: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True, order=True)
class Feature:
    """A feature with its parameters, as ``rsi(14)``.

    Attributes
    ----------
    name : str
        Of `FEATURES`, `COLUMNS` or `CONTEXT`.
    arguments : tuple of float
    source : str
        The column that it is computed from, where there is a choice.
    """

    name: str
    arguments: tuple[float, ...] = ()
    source: str = "close"

    @classmethod
    def of(cls, name: str, *arguments: float, source: str | None = None) -> Feature:
        """Check a name and parameters; those left out at the end have their defaults.

        Raises
        ------
        FeatureError
        """
        if name in COLUMNS or name in CONTEXT:
            if arguments or source is not None:
                raise FeatureError(f"{name} takes nothing")
            return cls(name)
        definition = FEATURES.get(name)
        if definition is None:
            raise FeatureError(f"there is no feature {name}")
        takes = definition.parameters
        if len(arguments) > len(takes):
            names = ", ".join(p.name for p in takes) or "nothing"
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


def _numbers(kernel: str) -> tuple[Parameter, ...]:
    """Return the parameters of a kernel as the catalogue of indicators has them."""
    return tuple(
        Parameter(name, int(n.default) if n.whole else float(n.default), n.minimum, n.maximum)
        for name, n in INDICATORS[kernel].numbers.items()
    )


_SRC: Final = ("src",)
_HLC: Final = ("high", "low", "close")
_MACD: Final = _numbers("macd")
_BAND: Final = _numbers("bollinger")
_KELTNER: Final = _numbers("keltner")
_STOCHASTIC: Final = _numbers("stochastic")
_SAR: Final = _numbers("sar")
_TREND: Final = _numbers("supertrend")
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
        "realised_volatility", _SRC, _period(20), "deviation of log returns, a bar", 0,
        (("per_year", 1),),
    ),
    "drawdown": Definition("drawdown", _SRC, (), "relative to the highest so far, 0 or less"),
}  # fmt: skip
