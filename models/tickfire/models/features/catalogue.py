"""Catalogue of features and their parameters. Pure: nothing is compiled here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from tickfire.kernels.catalogue import INDICATORS, Number

COLUMNS: Final = ("open", "high", "low", "close", "volume")
"""Columns of a bar, which are features themselves and the inputs of most others."""
CONTEXT: Final[Mapping[str, str]] = {
    "sentiment": "mean sentiment of the instrument's latest headlines, -1 to 1; fades over an hour",
    "anomaly": "score of the strongest anomaly within the latest bars, 0 without one",
}
"""Features that do not come from bars, with their descriptions."""


class FeatureError(ValueError):
    """A feature or its parameters do not exist; the text says why."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a feature, with the limits of the indicators' catalogue.

    Attributes
    ----------
    name : str
        The kernel's name for it.
    number : Number
        Limits, and whether it is an integer.
    default : float
    """

    name: str
    number: Number
    default: float

    def checked(self, feature: str, value: float) -> float:
        """Return a value that is allowed, converted to the parameter's type.

        Raises
        ------
        FeatureError
            The value is not an integer where it must be, or is out of range.
        """
        least, most = self.number.minimum, self.number.maximum
        if self.number.whole and not float(value).is_integer():
            raise FeatureError(f"{feature}: {self.name} is a whole number, not {value:g}")
        if not least <= value <= most:
            raise FeatureError(
                f"{feature}: {self.name} is from {least:g} to {most:g}, not {value:g}"
            )
        return int(value) if self.number.whole else float(value)


@dataclass(frozen=True, slots=True)
class Definition:
    """A kind of feature.

    Attributes
    ----------
    kernel : str
        Name of a kernel in `tickfire.kernels.native`.
    inputs : tuple of str
        Its arrays: columns, or ``"src"`` for a column of the user's choice (default close).
    output : int
        Index among the results of the kernel.
    fixed : mapping of str to int
        Parameters of the kernel that the user may not give.
    defaults : mapping of str to float
        Defaults other than those of the indicators' catalogue.
    help : str
        Description.
    """

    kernel: str
    inputs: tuple[str, ...]
    help: str
    output: int = 0
    fixed: tuple[tuple[str, int], ...] = ()
    defaults: tuple[tuple[str, float], ...] = ()

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """Parameters that the user may give: those of the kernel that are not fixed."""
        fixed, defaults = dict(self.fixed), dict(self.defaults)
        return tuple(
            Parameter(name, number, defaults.get(name, number.default))
            for name, number in INDICATORS[self.kernel].numbers.items()
            if name not in fixed
        )


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
            other = INDICATORS[name].other if name in INDICATORS else None
            if other is not None:
                raise FeatureError(f"{name} is of two instruments, and features are of one")
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


_SRC: Final = ("src",)
_HLC: Final = ("high", "low", "close")
_SAMPLE: Final = (("freedom", 1),)

FEATURES: Final[Mapping[str, Definition]] = {
    "sma": Definition("sma", _SRC, "simple moving average"),
    "ema": Definition("ema", _SRC, "exponential moving average"),
    "wma": Definition("wma", _SRC, "weighted moving average"),
    "dema": Definition("dema", _SRC, "double exponential moving average"),
    "macd": Definition("macd", _SRC, "fast EMA less slow EMA"),
    "macd_signal": Definition("macd", _SRC, "EMA of the MACD", 1),
    "macd_histogram": Definition("macd", _SRC, "MACD less its EMA", 2),
    "rsi": Definition("rsi", _SRC, "relative strength index, 0 to 100"),
    "stochastic_k": Definition("stochastic", _HLC, "stochastic %K, 0 to 100"),
    "stochastic_d": Definition("stochastic", _HLC, "stochastic %D, 0 to 100", 1),
    "cci": Definition("cci", _HLC, "commodity channel index"),
    "mfi": Definition("mfi", (*_HLC, "volume"), "money flow index, 0 to 100"),
    "bollinger_middle": Definition("bollinger", _SRC, "middle Bollinger band"),
    "bollinger_upper": Definition("bollinger", _SRC, "upper Bollinger band", 1),
    "bollinger_lower": Definition("bollinger", _SRC, "lower Bollinger band", 2),
    "keltner_middle": Definition("keltner", _HLC, "middle of the Keltner channel"),
    "keltner_upper": Definition("keltner", _HLC, "top of the Keltner channel", 1),
    "keltner_lower": Definition("keltner", _HLC, "bottom of the Keltner channel", 2),
    "highest": Definition("donchian", _HLC[:2], "highest high"),
    "lowest": Definition("donchian", _HLC[:2], "lowest low", 1),
    "atr": Definition("atr", _HLC, "average true range"),
    "adx": Definition("adx", _HLC, "average directional index, 0 to 100"),
    "plus_di": Definition("adx", _HLC, "positive directional indicator", 1),
    "minus_di": Definition("adx", _HLC, "negative directional indicator", 2),
    "supertrend": Definition("supertrend", _HLC, "trailing band"),
    "trend": Definition("supertrend", _HLC, "direction of the supertrend, -1 or 1", 1),
    "sar": Definition("sar", _HLC[:2], "parabolic stop and reverse"),
    "obv": Definition("obv", ("close", "volume"), "on-balance volume"),
    "mean": Definition("rolling", _SRC, "rolling mean", 0, _SAMPLE),
    "variance": Definition("rolling", _SRC, "rolling sample variance", 1, _SAMPLE),
    "zscore": Definition("rolling", _SRC, "deviations from the mean", 2, _SAMPLE),
    "slope": Definition(
        "regression_channel", _SRC, "slope of the regression line, a bar", 3,
        (("width", 2),), (("period", 20),),
    ),
    "returns": Definition("returns", _SRC, "relative change"),
    "log_returns": Definition("log_returns", _SRC, "logarithmic change"),
    "volatility": Definition(
        "realised_volatility", _SRC, "deviation of log returns, a bar", 0,
        (("per_year", 1),),
    ),
    "drawdown": Definition("drawdown", _SRC, "relative to the highest so far, 0 or less"),
}  # fmt: skip
