"""`Bars`: the bars of a picture, and their making from whatever a user has."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tickfire.base.units import NS_PER_MS, NS_PER_S, PRICE_SCALE
from tickfire.render.errors import ChartError

PRICES: Final = ("open", "high", "low", "close")
_TIMES: Final = ("time", "start", "ts", "timestamp", "date", "datetime", "ts_event")
"""Names under which the time of a bar is looked for, in this order."""
_DIGITS: Final = 9
_DOUBLE_DIGITS: Final = 15
_LARGEST: Final = np.iinfo(np.int64).max
_NS_FROM: Final = 10**16
_MS_FROM: Final = 10**11
"""Integers from here on are ns, or ms; smaller ones are seconds."""


@dataclass(frozen=True, slots=True)
class Bars:
    """Bars of one instrument, oldest first.

    Attributes
    ----------
    time : int64[n]
        Starts of the bars, ascending, in ms since the Unix epoch.
    prices : int64[n, 4]
        Open, high, low and close, in units of 1e-9.
    volume : float64[n]
    tick_size : int
        The least price step, in units of 1e-9; 0 if it is not known.
    """

    time: NDArray[np.int64]
    prices: NDArray[np.int64]
    volume: NDArray[np.float64]
    tick_size: int = 0

    def __len__(self) -> int:
        return len(self.time)

    @classmethod
    def of(cls, given: Any, tick_size: Any = None) -> Bars:
        """Return bars from a table.

        Parameters
        ----------
        given : object
            A structured array with the columns of `tickfire.store.schema.BAR`, a data frame or a
            mapping of columns, or an iterable of mappings, one a bar. Columns are open, high, low
            and close, volume where there is one, and a time, which may be the index of a frame.
        tick_size : number or str, optional
            The least price step.

        Raises
        ------
        ChartError
            A column is missing or cannot be read.
        """
        if isinstance(given, Bars):
            return given
        columns = _columns(given)
        time = _times(columns)
        # The columns of a stored bar are integers of 1e-9.
        is_scaled = isinstance(given, np.ndarray)
        prices = [_prices(name, columns[name], is_scaled=is_scaled) for name in PRICES]
        volume = _volume(columns.get("volume"), len(time))
        lengths = {len(each) for each in (time, volume, *prices)}
        if len(lengths) != 1:
            raise ChartError("bars: the columns differ in length")
        step = 0 if tick_size is None else int(_prices("tick_size", [tick_size])[0])
        bars = cls(time, np.stack(prices, axis=-1), volume, step)
        bars._check()
        return bars

    def _check(self) -> None:
        if np.any(np.diff(self.time) <= 0):
            raise ChartError("bars: times must ascend, and no two bars may begin at one time")
        opened, high, low, close = self.prices.T
        wrong = (high < np.maximum(opened, close)) | (low > np.minimum(opened, close))
        if np.any(wrong):
            at = int(np.flatnonzero(wrong)[0])
            raise ChartError(f"bars: the bar at index {at} has a price beyond its high or low")

    @property
    def interval_ms(self) -> int:
        """The least distance of two bars; a minute for fewer than two."""
        return int(np.diff(self.time).min()) if len(self) > 1 else 60_000


def _columns(given: Any) -> dict[str, Any]:
    """Return the columns of a table by their names in lower case."""
    if isinstance(given, np.ndarray) and given.dtype.names:
        found = {name: given[name] for name in given.dtype.names}
    elif isinstance(given, Mapping):
        found = dict(given)
    elif hasattr(given, "columns") and hasattr(given, "__getitem__"):
        found = {str(name): np.asarray(given[name]) for name in given.columns}
        index = getattr(given, "index", None)
        has_time = any(name.lower() in _TIMES for name in found)
        if index is not None and not callable(index) and not has_time:
            found["time"] = np.asarray(index)
    elif isinstance(given, Iterable) and not isinstance(given, str | bytes):
        found = _transposed(list(given))
    else:
        raise ChartError(f"bars: a table of bars was expected, not {type(given).__name__}")
    columns = {str(name).lower(): column for name, column in found.items()}
    missing = [name for name in PRICES if name not in columns]
    if missing:
        raise ChartError(f"bars: there is no column {', '.join(missing)}")
    return columns


def _transposed(rows: list[Any]) -> dict[str, Any]:
    if not rows:
        return {name: [] for name in ("time", *PRICES, "volume")}
    if not all(isinstance(row, Mapping) for row in rows):
        raise ChartError("bars: each bar must be a mapping with time, open, high, low and close")
    try:
        return {name: [row[name] for row in rows] for name in rows[0]}
    except KeyError as error:
        raise ChartError(f"bars: a bar has no {error.args[0]}") from None


def _times(columns: Mapping[str, Any]) -> NDArray[np.int64]:
    """Return ms since the Unix epoch."""
    name = next((name for name in _TIMES if name in columns), None)
    if name is None:
        raise ChartError(f"bars: there is no column of times, such as {', '.join(_TIMES[:3])}")
    return milliseconds(columns[name], "bars")


def milliseconds(values: Any, name: str) -> NDArray[np.int64]:
    """Return times of any kind in ms since the Unix epoch; errors begin with `name`.

    Raises
    ------
    ChartError
        A value is no time.
    """
    if not len(values):
        return np.zeros(0, np.int64)
    array = np.asarray(values)
    if array.dtype.kind == "M":
        return array.astype("datetime64[ms]").astype(np.int64)
    if array.dtype.kind in "iu":
        return _scaled(array.astype(np.int64))
    if array.dtype.kind == "f":
        return _scaled(np.round(array * (1 if abs(array[0]) >= _MS_FROM else 1e3)).astype(np.int64))
    return np.array([_moment(value, name) for value in values], np.int64)


def _scaled(values: NDArray[np.int64]) -> NDArray[np.int64]:
    largest = int(np.abs(values).max())
    if largest >= _NS_FROM:
        return values // NS_PER_MS
    return values if largest >= _MS_FROM else values * (NS_PER_S // NS_PER_MS)


def _moment(value: Any, name: str) -> int:
    try:
        at = datetime.fromisoformat(value) if isinstance(value, str) else value
        if isinstance(at, date) and not isinstance(at, datetime):
            at = datetime(at.year, at.month, at.day)
        zoned = at if at.tzinfo is not None else at.replace(tzinfo=UTC)
        return round(zoned.timestamp() * 1000)
    except (ValueError, AttributeError, TypeError):
        raise ChartError(f"{name}: {value!r} is no time") from None


def _prices(name: str, values: Any, *, is_scaled: bool = False) -> NDArray[np.int64]:
    """Return prices in units of 1e-9, of integers that are such already if `is_scaled`."""
    array = np.asarray(values)
    try:
        if array.dtype.kind in "iu" and is_scaled:
            return array.astype(np.int64)
        if array.dtype.kind in "iuf":
            return _from_floats(array.astype(np.float64))
        return np.array([_from_text(value) for value in array.tolist()], np.int64)
    except (InvalidOperation, OverflowError, ValueError, TypeError):
        raise ChartError(f"bars: {name} holds a value that is no price") from None


def _from_floats(values: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the nearest prices of at most 15 digits, all that a double is exact to."""
    if not len(values):
        return np.zeros(0, np.int64)
    largest = float(np.abs(values).max())
    if not largest < _LARGEST / PRICE_SCALE:
        raise OverflowError
    whole_digits = max(math.ceil(math.log10(max(largest, 1))), 1)
    decimals = min(_DOUBLE_DIGITS - whole_digits, _DIGITS)
    units = np.rint(values * 10.0**decimals).astype(np.int64)
    prices: NDArray[np.int64] = units * 10 ** (_DIGITS - decimals)
    return prices


def _from_text(value: Any) -> int:
    price = int((Decimal(str(value)) * PRICE_SCALE).to_integral_value())
    if abs(price) > _LARGEST:
        raise OverflowError
    return price


def _volume(values: Any, count: int) -> NDArray[np.float64]:
    if values is None:
        return np.zeros(count)
    try:
        volume = np.asarray(values, np.float64)
    except (TypeError, ValueError):
        raise ChartError("bars: volume holds a value that is no number") from None
    if not np.all(np.isfinite(volume) & (volume >= 0)):
        raise ChartError("bars: volume holds a value that is no volume")
    return volume
