"""Random charts, described for the server and for the browser alike."""

from __future__ import annotations

import random
import re
from dataclasses import asdict, dataclass, field
from typing import Any, Final

import numpy as np

from tickfire.base.units import decimal
from tickfire.render.palettes import palette_of
from tickfire.render.scene.candles import Candles
from tickfire.render.scene.geometry import PaneSize, View
from tickfire.render.scene.price_scale import PriceRange
from tickfire.render.scene.series import Plot, Series

START_MS: Final = 1_719_840_600_000
TICK_SIZES: Final = (250_000_000, 15_625_000, 50_000, 1_000_000_000, 10_000_000, 0)
"""In 1e-9; the last one is that of a feed that does not tell it."""
INTERVALS_MS: Final = (1_000, 60_000, 300_000, 900_000, 3_600_000, 86_400_000)
KINDS: Final = ("walk", "walk", "walk", "walk", "halts", "negative", "huge", "flat", "few", "empty")
RATIOS: Final = (1, 1.25, 1.5, 2, 3)
COLORS: Final = ("#f59e42", "#5b8def", "#d65db1")


@dataclass(frozen=True)
class Case:
    """One chart: its bars, the visible part, the series besides them and the theme.

    Attributes
    ----------
    time : int64[n]
    prices : int64[n, 4]
        In 1e-9.
    volume : float64[n]
    tick_size : int
        In 1e-9, 0 if it is not known.
    """

    time: Any
    prices: Any
    volume: Any
    tick_size: int
    interval_ms: int
    pane: PaneSize
    view: View
    theme: str
    series: tuple[Series, ...] = field(default=())

    @property
    def candles(self) -> Candles:
        return Candles.of(self.time, self.prices, self.volume, self.tick_size)

    def as_json(self) -> dict[str, Any]:
        """Return the case as the page of client_js/test/scene takes it."""
        prices = self.view.prices
        return {
            "pane": _camel(self.pane),
            "palette": _camel(palette_of(self.theme)),
            "tickSize": decimal(self.tick_size),
            "intervalMs": self.interval_ms,
            "bars": [
                {
                    "time": int(time),
                    **dict(zip(("open", "high", "low", "close"), map(decimal, row), strict=True)),
                    "volume": float(volume),
                    "trades": 1,
                }
                for time, row, volume in zip(
                    self.time, self.prices.tolist(), self.volume, strict=True
                )
            ],
            "spacing": self.view.spacing,
            "rightOffset": self.view.right_offset,
            "prices": prices and {"top": prices.top, "bottom": prices.bottom},
            "series": [_series_as_json(each) for each in self.series],
        }


def _camel(given: Any) -> dict[str, Any]:
    """Return the fields of a dataclass by their names in TypeScript."""
    return {
        re.sub("_([a-z])", lambda found: found[1].upper(), name): value
        for name, value in asdict(given).items()
    }


def _series_as_json(series: Series) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "title": series.title,
        "pane": series.pane,
        "time": series.time.tolist(),
        "plots": [_plot_as_json(plot) for plot in series.plots],
        "fill": series.fill,
        "range": series.range,
        "guides": series.guides or None,
    }
    return {name: value for name, value in shown.items() if value is not None}


def _plot_as_json(plot: Plot) -> dict[str, Any]:
    shown = {
        "label": plot.label,
        "values": _numbers(plot.values),
        "color": plot.color,
        "kind": plot.kind,
        "negative": plot.negative,
        "breaks": None if plot.breaks is None else _numbers(plot.breaks),
    }
    return {name: value for name, value in shown.items() if value is not None}


def _numbers(values: Any) -> list[float | None]:
    return [None if np.isnan(value) else value for value in values.tolist()]


def random_case(seed: int) -> Case:
    """Return a chart that is the same for the same seed."""
    chance = random.Random(seed)
    rng = np.random.default_rng(seed)
    kind = chance.choice(KINDS)
    count = int(2 ** chance.uniform(4, 11))
    count = {"empty": 0, "few": 1 + count % 5}.get(kind, count)
    tick = chance.choice(TICK_SIZES)
    interval_ms = chance.choice(INTERVALS_MS)
    ticks = _walk(rng, count, kind)
    time = START_MS // interval_ms * interval_ms + np.cumsum(_gaps(rng, count, kind)) * interval_ms
    volume = rng.integers(0, 900, count).astype(np.float64)
    if kind == "huge":
        volume *= 10.0 ** rng.integers(0, 9, count)
    case = Case(
        time,
        ticks * (tick or 5_000_000),
        volume,
        tick,
        interval_ms,
        PaneSize(chance.randint(200, 900), chance.randint(120, 600), chance.choice(RATIOS)),
        _view(chance, count, ticks, kind),
        chance.choice(("dark", "light")),
    )
    return Case(**{**vars(case), "series": _series(chance, rng, case)})


def _walk(rng: Any, count: int, kind: str) -> Any:
    if not count:
        return np.zeros((0, 4), np.int64)
    reach = 1 if kind == "flat" else 9
    close = np.cumsum(rng.integers(-reach + 1, reach, count))
    if kind != "negative":
        close += 20_000
    opened = np.concatenate((close[:1], close[:-1]))
    high = np.maximum(opened, close) + rng.integers(0, reach, count)
    low = np.minimum(opened, close) - rng.integers(0, reach, count)
    return np.stack((opened, high, low, close), axis=-1)


def _gaps(rng: Any, count: int, kind: str) -> Any:
    if kind != "halts":
        return np.ones(count, np.int64)
    return np.where(rng.random(count) < 0.03, rng.integers(2, 5_000, count), 1)


def _view(chance: random.Random, count: int, ticks: Any, kind: str) -> View:
    # A third of the views have more candles than pixels.
    spacing = 2 ** chance.choice(
        (chance.uniform(-5, 0), chance.uniform(0, 3), chance.uniform(2, 6))
    )
    if chance.random() < 0.2:
        spacing = float(round(spacing) or 1)
    right_offset = chance.choice((6.0, chance.uniform(0, 40), -chance.uniform(0, count * 0.7)))
    if not count or chance.random() < 0.75:
        return View(spacing, right_offset)
    middle, half = float(ticks[-1, 3]), chance.uniform(3, 400)
    return View(spacing, right_offset, PriceRange(middle + half, middle - half))


def _series(chance: random.Random, rng: Any, case: Case) -> tuple[Series, ...]:
    count = len(case.time)
    if not count or chance.random() < 0.3:
        return ()
    close = case.prices[:, 3] / 1e9
    smooth = _smooth(close, chance.randint(2, 30))
    band = np.abs(_smooth(close - smooth, 9)) + 1e-4 * np.abs(close)
    time = case.time[chance.choice((0, count // 3)) :]
    cut = len(case.time) - len(time)
    line, upper, lower = (each[cut:] for each in (smooth, smooth + band, smooth - band))
    sides = np.sign(close - smooth)[cut:]
    sides[np.isnan(sides)] = 0
    overlay = [
        Series("Average", "price", time, (Plot("", line, COLORS[0]),)),
        Series(
            "Band", "price", time,
            tuple(Plot("", each, COLORS[1]) for each in (line, upper, lower)), fill=(1, 2),
        ),
        Series("Trend", "price", time, (Plot("", upper, COLORS[2], breaks=sides),)),
        Series("Stops", "price", time, (Plot("", lower, COLORS[2], "dots"),)),
    ]  # fmt: skip
    share = 100 * rng.random(len(time))
    own = [
        Series(
            "Difference", "own-1", time,
            (
                Plot("Line", close[cut:] - line, COLORS[0]),
                Plot("Hist", _smooth(close[cut:] - line, 5), "#2a9d7c", "histogram", "#cf4a57"),
            ),
        ),
        Series(
            "Share", "own-2", time, (Plot("", share, COLORS[1]),), range=(0, 100), guides=(30, 70)
        ),
        Series("Constant", "own-3", time, (Plot("", np.full(len(time), 3.7), COLORS[2]),)),
        Series("Sum", "own-4", time, (Plot("", np.cumsum(case.volume[cut:]), COLORS[0]),)),
    ]  # fmt: skip
    chosen = chance.sample(overlay, chance.randint(0, 2)) + chance.sample(own, chance.randint(0, 2))
    return tuple(chosen)


def _smooth(values: Any, period: int) -> Any:
    out = np.full(len(values), np.nan)
    if len(values) >= period:
        out[period - 1 :] = np.convolve(values, np.full(period, 1 / period), "valid")
    return out
