"""`SignalsModel`: the outlook and the user's rules over closed bars, for `tickfire infer`."""

from __future__ import annotations

import os
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tickfire.base.units import NS_PER_S
from tickfire.models.features.catalogue import Feature
from tickfire.models.features.feature_set import FeatureSet
from tickfire.models.infer.closed_bars import ClosedBars, columns_of, end_of
from tickfire.models.infer.instruments import Instruments, SeriesKey
from tickfire.models.infer.stream_model import StreamModel
from tickfire.models.records import Sentiment, Signal
from tickfire.models.reload import Reloader
from tickfire.models.rules.program import TRUE
from tickfire.models.rules.rule_file import Rule, read_rules
from tickfire.models.signals.context import RuleContext
from tickfire.models.signals.inputs import Inputs
from tickfire.models.signals.outlook import KIND, OutlookModel
from tickfire.store.schema import INTERVALS_S, MINUTE_S, SIMULATED, Rows

RULES_VARIABLE: Final = "TICKFIRE_RULES"
"""Environment variable that names the file of rules."""

type Key = tuple[SeriesKey, int]
"""Series, interval in seconds."""


class SignalsModel(StreamModel):
    """The outlook and the rules of every instrument.

    Parameters
    ----------
    instruments : Instruments
    rules : sequence of Rule, optional
        The rules to evaluate; those of the file named by ``TICKFIRE_RULES`` if left out.
    path : Path, optional
        Manifest of the outlook's artifact; from the folder of ``instruments`` if left out.
    clock : callable
        Monotonic clock in seconds, by which sentiment fades.
    """

    name = "signals"
    wants_bars = True

    def __init__(
        self,
        instruments: Instruments,
        rules: Sequence[Rule] | None = None,
        path: Path | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(instruments)
        self._rules = _rules_of_environment() if rules is None else tuple(rules)
        self._outlook = Reloader(path or instruments.artifact(KIND), OutlookModel.read)
        self._clock = clock
        self._contexts: defaultdict[str, RuleContext] = defaultdict(RuleContext)
        self._bars: dict[Key, ClosedBars] = {}
        self._inputs: dict[Key, Inputs] = {}
        self._watches: dict[Key, _RuleWatch | None] = {}
        self._counts = {"bars": 0, "outlooks": 0, "edges": 0, "rules_fired": 0}

    def hear(self, record: Sentiment | Signal) -> None:
        """Remember sentiment and anomalies for the rules that use them."""
        if isinstance(record, Sentiment):
            now = self._clock()
            for symbol in record.symbols:
                self._contexts[symbol].hear_sentiment(record, now)
        elif record.event == "anomaly":
            self._contexts[record.symbol].hear_anomaly(record)

    def on_bars(self, shard: int, bars: Rows) -> Sequence[Signal]:
        """Return the signals of closed bars; see `StreamModel.on_bars`."""
        return [signal for bar in bars for signal in self._on_bar(bar)]

    def reload(self, *, now: bool = False) -> bool:
        """Read a new artifact of the outlook, if there is one."""
        return self._outlook.poll(now=now)

    def metrics(self) -> Mapping[str, float]:
        """Return counters; see `StreamModel.metrics`."""
        return self._counts

    def _on_bar(self, bar: Any) -> Iterator[Signal]:
        about = int(bar["feed"]), int(bar["instrument_id"]), int(bar["start"])
        key = self.instruments.series(*about), int(bar["interval_s"])
        symbol = self.instruments.name(key[0])
        step = self._bars.setdefault(key, ClosedBars()).take(bar)
        if step == "skip":
            return
        if step == "restart":
            self._inputs.pop(key, None)
            self._watches.pop(key, None)
        self._counts["bars"] += 1
        columns = columns_of(bar)
        if key[1] == MINUTE_S:
            yield from self._outlooks(key, symbol, bar, columns)
        yield from self._fired(key, symbol, bar, columns)

    def _fired(
        self, key: Key, symbol: str, bar: Any, columns: Mapping[str, NDArray[np.float64]]
    ) -> Iterator[Signal]:
        """Yield the signals of the rules that begin to hold at a bar."""
        if key not in self._watches:
            self._watches[key] = _RuleWatch.of(self._rules, symbol, key[1])
        watch = self._watches[key]
        if watch is None:
            return
        context = self._contexts[symbol]
        values = {
            "sentiment": context.sentiment(self._clock()),
            "anomaly": context.anomaly(end_of(bar), key[1]),
        }
        for rule, found in watch.take(columns, values):
            self._counts["rules_fired"] += 1
            yield self._signal(symbol, bar, _rule_detail(rule, found))

    def _outlooks(
        self, key: Key, symbol: str, bar: Any, columns: Mapping[str, NDArray[np.float64]]
    ) -> Iterator[Signal]:
        inputs, deviation = self._inputs.setdefault(key, Inputs()).push(columns)
        model = self._outlook.model
        if end_of(bar) // (MINUTE_S * NS_PER_S) % model.horizon:
            return  # an outlook in between would overlap the one before
        outlook = model.predict(inputs[0], float(deviation[0]))
        if outlook is not None:
            if self.origin == SIMULATED:
                outlook = replace(outlook, edge=0)
            self._counts["outlooks"] += 1
            self._counts["edges"] += outlook.edge != 0
            detail = outlook.as_detail() | {"origin": self.origin}
            yield self._signal(symbol, bar, detail, model.name)

    def _signal(self, symbol: str, bar: Any, detail: dict[str, Any], model: str = "") -> Signal:
        return Signal(
            "signal", symbol, end_of(bar), detail, model or f"{self.name}/rules", int(bar["n"])
        )


class _RuleWatch:
    """The rules for one series of bars, and the features that they use."""

    def __init__(self, rules: tuple[Rule, ...]) -> None:
        self._rules = rules
        features: dict[Feature, int] = {}
        for rule in rules:
            for feature in rule.program.features:
                features.setdefault(feature, len(features))
        self._named = {feature.name: at for feature, at in features.items()}
        self._features = FeatureSet(tuple(features))
        self._values = np.full((2, max(1, len(features))), np.nan)
        self._row = 0
        self._columns = [[features[f] for f in rule.program.features] for rule in rules]
        self._programs = [
            rule.program.bind(self._values, columns)
            for rule, columns in zip(rules, self._columns, strict=True)
        ]
        self._held = [False] * len(rules)

    @classmethod
    def of(cls, rules: Sequence[Rule], symbol: str, interval_s: int) -> _RuleWatch | None:
        """Return a watch over a series, or None if there are no rules for it."""
        chosen = tuple(
            rule
            for rule in rules
            if INTERVALS_S[rule.interval] == interval_s and rule.concerns(symbol)
        )
        return cls(chosen) if chosen else None

    def take(
        self, columns: Mapping[str, NDArray[np.float64]], context: Mapping[str, float]
    ) -> Iterator[tuple[Rule, NDArray[np.float64]]]:
        """Take a bar; yield each rule that holds now and did not before, with its values."""
        self._row = 1 - self._row
        now = self._values[self._row]
        now[: len(self._features.features)] = self._features.push(columns)[0]
        for name, value in context.items():
            if name in self._named:
                now[self._named[name]] = value
        for at, program in enumerate(self._programs):
            holds = program(self._row) == TRUE
            if holds and not self._held[at]:
                yield self._rules[at], now[self._columns[at]]
            self._held[at] = holds


def _rule_detail(rule: Rule, values: NDArray[np.float64]) -> dict[str, Any]:
    named = zip(rule.program.features, values.tolist(), strict=True)
    return {
        "kind": "rule",
        "name": rule.name,
        "says": "the rule holds",
        "when": rule.program.text,
        "interval": rule.interval,
        "values": {
            str(feature): float(f"{value:.6g}") for feature, value in named if np.isfinite(value)
        },
    }


def _rules_of_environment() -> tuple[Rule, ...]:
    path = os.environ.get(RULES_VARIABLE, "").strip()
    return read_rules(Path(path)) if path else ()
