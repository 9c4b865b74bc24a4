"""`AnomalyModel`: alarms among the trades of every instrument, for `tickfire infer`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from tickfire.models.anomaly.artefact import NAME, VERSION, read
from tickfire.models.anomaly.detector import FEATURE_NAMES, Alarm, TickDetector
from tickfire.models.artefact import SHIPPED
from tickfire.models.infer.stream_model import Instruments, Rows, StreamModel
from tickfire.models.records import Signal
from tickfire.models.reload import Reloader

__all__ = ["DEFAULT_PATH", "AnomalyModel", "detail_of", "explained"]

DEFAULT_PATH: Final = SHIPPED / f"{NAME}.json"
UNITS: Final = ("bp", "", "bp", "s")
"""Of the features' values."""
_WORDS: Final = ("price change", "volume", "spread", "time between trades")


class AnomalyModel(StreamModel):
    """Anomalies of every instrument.

    Parameters
    ----------
    instruments : Instruments
    path : Path
        The manifest of the artefact that holds the thresholds.
    """

    name = NAME
    wants_ticks = True

    def __init__(self, instruments: Instruments, path: Path = DEFAULT_PATH) -> None:
        super().__init__(instruments)
        self._limits = Reloader(path, read)
        self._detector = TickDetector(self._limits.model)
        self._alarms = 0

    def on_ticks(self, shard: int, first: int, ticks: Rows) -> Sequence[Signal]:
        """Take ticks; see StreamModel."""
        alarms = self._detector.push(ticks)
        self._alarms += len(alarms)
        return [self._signal(alarm, ticks[alarm.position], first) for alarm in alarms]

    def reload(self, *, now: bool = False) -> bool:
        """Look for new thresholds; what was learnt of the instruments stays."""
        taken = self._limits.poll(now=now)
        if taken:
            self._detector.limits = self._limits.model
        return taken

    def metrics(self) -> Mapping[str, float]:
        """Return counters; see StreamModel."""
        return {
            "trades": self._detector.trades,
            "alarms": self._alarms,
            "alarms_in_refractory_periods": self._detector.quiet,
        }

    def _signal(self, alarm: Alarm, tick: Any, first: int) -> Signal:
        symbol = self.instruments.symbol(alarm.feed, alarm.instrument_id)
        model = f"{NAME}/{VERSION}"
        at, n = int(tick["ts_event"]), first + alarm.position
        return Signal("anomaly", symbol, at, detail_of(alarm), model, n)


def detail_of(alarm: Alarm) -> dict[str, Any]:
    """Return an alarm as clients get it.

    Returns
    -------
    dict
        feature, score (how often its threshold), z (of the feature; of the farthest one where it
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


def explained(alarm: Alarm) -> str:
    """Return one sentence that says what was strange."""
    k = _farthest(alarm)
    unit = f" {UNITS[k]}" if UNITS[k] else ""
    what = (
        f"{_WORDS[k]} {alarm.values[k]:.4g}{unit}, usually {alarm.expected[k]:.4g}{unit}: "
        f"{abs(alarm.z[k]):.1f} deviations"
    )
    if alarm.feature == FEATURE_NAMES[-1]:
        return f"strange as a whole ({alarm.context:.1f} nats); most of all its {what}"
    return what


def _farthest(alarm: Alarm) -> int:
    """Return the feature that an alarm names; of the context, that of the largest z-score."""
    if alarm.feature != FEATURE_NAMES[-1]:
        return FEATURE_NAMES.index(alarm.feature)
    sizes = [abs(z) for z in alarm.z]
    return sizes.index(max(sizes))


def _short(x: float) -> float:
    return float(f"{x:.5g}")
