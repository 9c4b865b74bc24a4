"""`AnomalyModel`: anomalies among the trades and minutes of all instruments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np

from tickfire.models.anomaly.artifact import NAME, VERSION, read
from tickfire.models.anomaly.detector import FEATURE_NAMES, Alarm, TickDetector
from tickfire.models.anomaly.forest import BAR_FEATURE_NAMES, BarAlarm, BarDetector
from tickfire.models.artifact import SHIPPED
from tickfire.models.features.catalogue import COLUMNS
from tickfire.models.infer.closed_bars import ClosedBars, columns_of, end_of
from tickfire.models.infer.instruments import Instruments, SeriesKey
from tickfire.models.infer.series_numbers import SeriesNumbers
from tickfire.models.infer.stream_model import StreamModel
from tickfire.models.records import Signal
from tickfire.models.reload import Reloader
from tickfire.store.schema import MINUTE_S, Rows

DEFAULT_PATH: Final = SHIPPED / f"{NAME}.json"
UNITS: Final = ("bp", "", "bp", "s")
"""Units of the features' values."""
_WORDS: Final = ("price change", "volume", "spread", "time between trades")


class AnomalyModel(StreamModel):
    """Anomalies of every instrument, for `tickfire infer`.

    Parameters
    ----------
    instruments : Instruments
    path : Path, optional
        Manifest of the artifact; from the folder of ``instruments`` if left out.
    """

    name = NAME
    wants_ticks = wants_bars = True

    def __init__(self, instruments: Instruments, path: Path | None = None) -> None:
        super().__init__(instruments)
        self._frozen = Reloader(path or instruments.artifact(NAME), read)
        self._detector = TickDetector(self._frozen.model.limits)
        self._bar_detector = BarDetector(self._frozen.model.forest)
        self._numbers = SeriesNumbers(instruments)
        self._series: dict[SeriesKey, _Series] = {}
        self._alarms = self._bar_alarms = 0

    def on_ticks(self, shard: int, first: int, ticks: Rows) -> Sequence[Signal]:
        """Return the anomalies among ticks; see `StreamModel.on_ticks`."""
        signals: list[Signal] = []
        for part in self._numbers.parts(ticks):
            if part.moved:
                self._detector.interrupt(int(ticks["feed"][0]), part.moved)
            alarms = self._detector.push(part.ticks)
            self._alarms += len(alarms)
            for alarm in alarms:
                at = part.at + alarm.tick_index
                signals.append(self._signal(alarm, ticks[at], first + at))
        return signals

    def on_bars(self, shard: int, bars: Rows) -> Sequence[Signal]:
        """Return the anomalies among closed minutes; see `StreamModel.on_bars`."""
        signals: list[Signal] = []
        taken: list[tuple[Any, int]] = []
        for bar in bars[bars["interval_s"] == MINUTE_S]:
            instrument_id = int(bar["instrument_id"])
            key = self.instruments.series(int(bar["feed"]), instrument_id, int(bar["start"]))
            series = self._series.setdefault(key, _Series(len(self._series), instrument_id))
            step = series.bars.take(bar)
            if step == "skip":
                continue
            moved, series.instrument_id = series.instrument_id != instrument_id, instrument_id
            if step == "restart" or moved:
                signals += self._judged(taken)
                taken = []
            if step == "restart":
                self._bar_detector.reset(series.number)
            elif moved:
                self._bar_detector.interrupt(series.number)
            taken.append((bar, series.number))
        return [*signals, *self._judged(taken)]

    def _judged(self, taken: Sequence[tuple[Any, int]]) -> list[Signal]:
        if not taken:
            return []
        columns = [columns_of(bar) for bar, _ in taken]
        rows = [np.concatenate([one[name] for one in columns]) for name in COLUMNS]
        alarms = self._bar_detector.push(rows, [number for _, number in taken])
        self._bar_alarms += len(alarms)
        return [self._bar_signal(alarm, taken[alarm.bar_index][0]) for alarm in alarms]

    def _bar_signal(self, alarm: BarAlarm, bar: Any) -> Signal:
        about = int(bar["feed"]), int(bar["instrument_id"]), int(bar["start"])
        symbol = self.instruments.symbol(*about)
        detail = bar_detail(alarm, self._frozen.model.forest.threshold)
        model = f"{NAME}/{VERSION}"
        return Signal("anomaly", symbol, end_of(bar), detail, model, int(bar["n"]))

    def reload(self, *, now: bool = False) -> bool:
        """Read new thresholds, if there are any; what was learnt of the instruments stays."""
        taken = self._frozen.poll(now=now)
        if taken:
            self._detector.limits = self._frozen.model.limits
            self._bar_detector.forest = self._frozen.model.forest
        return taken

    def metrics(self) -> Mapping[str, float]:
        """Return counters; see `StreamModel.metrics`."""
        return {
            "trades": self._detector.trades,
            "alarms": self._alarms,
            "alarms_of_bars": self._bar_alarms,
            "alarms_in_refractory_periods": self._detector.quiet,
        }

    def _signal(self, alarm: Alarm, tick: Any, position: int) -> Signal:
        at = int(tick["ts_event"])
        symbol = self.instruments.symbol(int(tick["feed"]), int(tick["instrument_id"]), at)
        model = f"{NAME}/{VERSION}"
        return Signal("anomaly", symbol, at, detail_of(alarm), model, position)


@dataclass(slots=True)
class _Series:
    """State of the minutes of one symbol: its number, and the instrument of its newest bar."""

    number: int
    instrument_id: int
    bars: ClosedBars = field(default_factory=ClosedBars)


def detail_of(alarm: Alarm) -> dict[str, Any]:
    """Return the payload of an alarm, as clients get it.

    Returns
    -------
    dict
        feature, score (multiple of its threshold), z (of the feature, or of the farthest one if it
        is the context), context (nats), value, expected, unit, features (z of each), text.
    """
    k = _farthest(alarm)
    return {
        "feature": alarm.feature,
        "score": _short(alarm.score),
        "z": _short(alarm.z[k]),
        "context": _short(alarm.context),
        "value": _short(alarm.values[k]),
        "expected": _short(alarm.expected[k]),
        "unit": UNITS[k],
        "features": {name: _short(z) for name, z in zip(FEATURE_NAMES[:-1], alarm.z, strict=True)},
        "text": explained(alarm),
    }


def bar_detail(alarm: BarAlarm, threshold: float) -> dict[str, Any]:
    """Return the payload of an alarm on a bar, as clients get it.

    Returns
    -------
    dict
        interval, feature (the farthest from usual), score (multiple of its threshold), z, features
        (z of each), text.
    """
    k = BAR_FEATURE_NAMES.index(alarm.feature)
    others = [
        f"{name} {z:+.1f}" for name, z in zip(BAR_FEATURE_NAMES, alarm.z, strict=True) if abs(z) > 2
    ]
    return {
        "interval": "1m",
        "feature": alarm.feature,
        "score": _short(alarm.score / threshold),
        "z": _short(alarm.z[k]),
        "features": {name: _short(z) for name, z in zip(BAR_FEATURE_NAMES, alarm.z, strict=True)},
        "text": f"a minute unlike those before, in deviations: {', '.join(others) or 'none large'}",
    }


def explained(alarm: Alarm) -> str:
    """Return a description of what is unusual about a trade."""
    k = _farthest(alarm)
    unit = f" {UNITS[k]}" if UNITS[k] else ""
    what = (
        f"{_WORDS[k]} {alarm.values[k]:.4g}{unit}, usually {alarm.expected[k]:.4g}{unit}: "
        f"{abs(alarm.z[k]):.1f} deviations"
    )
    if alarm.feature == FEATURE_NAMES[-1]:
        return f"unusual as a whole ({alarm.context:.1f} nats); above all its {what}"
    return what


def _farthest(alarm: Alarm) -> int:
    """Return the index of the feature of an alarm; of the context, that of the largest z-score."""
    if alarm.feature != FEATURE_NAMES[-1]:
        return FEATURE_NAMES.index(alarm.feature)
    sizes = [abs(z) for z in alarm.z]
    return sizes.index(max(sizes))


def _short(x: float) -> float:
    return float(f"{x:.5g}")
