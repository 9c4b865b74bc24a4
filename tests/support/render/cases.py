"""Random charts, described for the server and for the browser alike."""

from __future__ import annotations

import math
import random
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

import numpy as np

from tests.support.render.viewport import FOLLOW_MARGIN, visible
from tickfire.base.units import decimal
from tickfire.render.scene.candles import Candles
from tickfire.render.scene.geometry import PaneSize, View
from tickfire.render.scene.price_lines import PriceLine
from tickfire.render.scene.price_scale import ScaleKind
from tickfire.render.scene.series import Plot, Series

START_MS: Final = 1_719_840_600_000
TICK_SIZES: Final = (250_000_000, 15_625_000, 50_000, 1_000_000_000, 10_000_000, 0)
"""In 1e-9; the last one is that of a feed that does not tell it."""
INTERVALS_MS: Final = (1_000, 60_000, 300_000, 900_000, 3_600_000, 86_400_000)
KINDS: Final = (
    *("walk", "walk", "walk", "growth", "growth", "halts"),
    *("negative", "huge", "flat", "few", "empty"),
)
SCALES: Final[tuple[ScaleKind, ...]] = ("linear", "log", "percent")
RATIOS: Final = (1, 1.25, 1.5, 2, 3)
COLORS: Final = ("#f59e42", "#5b8def", "#d65db1")
WHEEL_ZOOM: Final = 0.0015
"""Exponent by which a pixel of the wheel over the price axis stretches it."""
LEAST_AXIS_PX: Final = 64
DEFAULT_TICK: Final = 5_000_000


@dataclass(frozen=True)
class Case:
    """One chart: its bars, the visible part, the series besides them and the theme.

    Attributes
    ----------
    number : int
    time : int64[n]
    prices : int64[n, 4]
        In 1e-9.
    volume : float64[n]
    tick_size : int
        In 1e-9, 0 if it is not known.
    width, height : int
        Size of the whole chart, axes included, in CSS pixels.
    shown : (int, int) or None
        The times shown, in ms; None for an empty chart.
    wheel : int
        Pixels by which the wheel is turned over the price axis.
    """

    number: int
    time: Any
    prices: Any
    volume: Any
    tick_size: int
    interval_ms: int
    width: int
    height: int
    ratio: float
    theme: str
    scale: ScaleKind
    shown: tuple[int, int] | None = None
    wheel: int = 0
    series: tuple[Series, ...] = ()
    lines: tuple[PriceLine, ...] = ()

    @property
    def candles(self) -> Candles:
        return Candles.of(self.time, self.prices, self.volume, self.tick_size)

    def view(self, pane: PaneSize) -> View:
        """Return the visible part on a pane, in the arithmetic of the browser's chart."""
        if self.shown is None:
            return View(8, FOLLOW_MARGIN, self.scale)
        part = visible(self.time, self.interval_ms, self.shown, pane)
        zoom = math.exp(self.wheel * WHEEL_ZOOM) if self.wheel else 1
        return View(part.spacing, part.right_offset, self.scale, zoom)

    @property
    def told_prices(self) -> list[float]:
        """Some prices whose text on the axis is compared."""
        return [int(price) / 1e9 for price in self.prices[-3:].reshape(-1)]

    def as_json(self) -> dict[str, Any]:
        """Return the case as the page of client_js/test/scene takes it."""
        columns = [[decimal(price) for price in column] for column in self.prices.T.tolist()]
        shown = self.shown
        return {
            "number": self.number,
            "width": self.width,
            "height": self.height,
            "theme": self.theme,
            "scale": self.scale,
            "tickSize": decimal(self.tick_size),
            "intervalMs": self.interval_ms,
            "bars": [self.time.tolist(), *columns, self.volume.tolist()],
            "range": shown and {"from": shown[0], "to": shown[1]},
            "wheel": self.wheel,
            "series": [_series_as_json(each) for each in self.series],
            "lines": [asdict(line) for line in self.lines],
            "prices": self.told_prices,
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
    ratio = RATIOS[seed % len(RATIOS)]
    case = Case(
        number=seed,
        time=time,
        prices=ticks * (tick or DEFAULT_TICK),
        volume=volume,
        tick_size=tick,
        interval_ms=interval_ms,
        width=round(chance.randint(200, 420) / ratio) + LEAST_AXIS_PX,
        height=round(chance.randint(100, 240) / ratio) + LEAST_AXIS_PX,
        ratio=ratio,
        theme=chance.choice(("dark", "light")),
        scale=SCALES[seed % len(SCALES)],
    )
    if not count:
        return case
    shown, wheel = _shown(chance, case)
    series, lines = _series(chance, rng, case), _lines(chance, case)
    return replace(case, shown=shown, wheel=wheel, series=series, lines=lines)


def _walk(rng: Any, count: int, kind: str) -> Any:
    if not count:
        return np.zeros((0, 4), np.int64)
    reach = 1 if kind == "flat" else 9
    close = np.cumsum(rng.integers(-reach + 1, reach, count))
    if kind == "growth":
        close = np.rint(np.exp(np.cumsum(rng.normal(0, 0.06, count)) + 8)).astype(np.int64) + reach
    elif kind != "negative":
        close += 20_000
    opened = np.concatenate((close[:1], close[:-1]))
    high = np.maximum(opened, close) + rng.integers(0, reach, count)
    low = np.minimum(opened, close) - rng.integers(0, reach, count)
    return np.stack((opened, high, low, close), axis=-1)


def _gaps(rng: Any, count: int, kind: str) -> Any:
    if kind != "halts":
        return np.ones(count, np.int64)
    return np.where(rng.random(count) < 0.03, rng.integers(2, 5_000, count), 1)


def _shown(chance: random.Random, case: Case) -> tuple[tuple[int, int], int]:
    """Return the times shown, and how far the wheel is turned over the price axis."""
    count = len(case.time)
    # From a few candles to more of them than pixels.
    span = count * 2 ** chance.uniform(-6, 0.5) + 1
    right = count + chance.choice((6.0, chance.uniform(0, 40), -chance.uniform(0, count * 0.7)))
    times = (_time_at(case, right - span), _time_at(case, right))
    # Where several candles are one bucket, the axis's width would decide which are in sight.
    wheel = chance.choice((-900, 700)) if span < 200 and chance.random() < 0.3 else 0
    return (min(times), max(*times, min(times) + 1)), wheel


def _time_at(case: Case, position: float) -> int:
    index = math.floor(position)
    inside = min(max(index, 0), len(case.time) - 1)
    return round(int(case.time[inside]) + (position - inside) * case.interval_ms)


def _lines(chance: random.Random, case: Case) -> tuple[PriceLine, ...]:
    count = chance.randint(0, 2)
    return tuple(
        PriceLine(
            int(chance.choice(case.prices[:, 3])) / 1e9,
            chance.choice(COLORS),
            chance.choice(("", "Target")),
            chance.choice(("solid", "dashed")),
            chance.choice((1, 2, 3)),
        )
        for _ in range(count)
    )


def _series(chance: random.Random, rng: Any, case: Case) -> tuple[Series, ...]:
    count = len(case.time)
    if chance.random() < 0.3:
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
