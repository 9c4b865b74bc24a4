"""Trainer of the anomaly model: `tickfire train`, kind ``anomaly``.

The thresholds of trades are frozen on the first half of one day's ticks and evaluated on the
second half. The threshold of a series is frozen on half of the Numenta Anomaly Benchmark and
evaluated on the other half.
"""

from __future__ import annotations

import platform
from pathlib import Path
from typing import Any, Final

import numba
import numpy as np
import sklearn
from numpy.typing import NDArray

from tickfire.base.errors import UserError
from tickfire.ingest.dbn.file import open_dbn
from tickfire.ingest.kernel.merge import merge
from tickfire.ingest.kernel.parse import Parser
from tickfire.ingest.kernel.state import InstrumentStates
from tickfire.models.anomaly.artifact import KIND, NAME, SERIES, VERSION, constants, golden
from tickfire.models.anomaly.detector import FEATURE_NAMES, Limits, TickDetector, score
from tickfire.models.anomaly.fit_bars import fit_forest
from tickfire.models.anomaly.injected import KINDS, recall
from tickfire.models.anomaly.nab import FOLDER, held_out, read_corpus
from tickfire.models.anomaly.report import Judged, card, plot, report
from tickfire.models.anomaly.ticks_kernel import FEATURES
from tickfire.models.artifact import Artifact, sha256_of
from tickfire.models.training.trainer import Context, Measure, Result
from tickfire.store.schema import MINUTE_S, TICK_TRADE

TICKS: Final = Path("dbn/lean_20131008_mixed.dbn.zst")
LABELS: Final = FOLDER / "labels" / "combined_windows.json"
RATE: Final = 1e-4
"""Share of the trades that may reach the threshold of one feature."""
# Lower bounds, for a day that is unusually tame: even normal deviations seldom reach these.
LEAST_Z: Final = 5.0
LEAST_CONTEXT: Final = 22.0
WARM_UP: Final = 200
REFRACTORY: Final = 100
CHUNK: Final = 1 << 16
TINY: Final = 1e-12
GOLDEN_VALUES: Final = 60
FLOOR: Final = 45.0
GOAL: Final = 60.0
MOST_DIFFERENCE: Final = 2.0**-53

type Ticks = NDArray[Any]


class AnomalyTrainer:
    """Trainer of the artifact ``anomaly``."""

    def train(self, context: Context) -> Result:
        """Freeze the thresholds, then evaluate them."""
        context.say("anomaly: scoring the benchmark's series")
        corpus = read_corpus(context.data / FOLDER)
        surprises = [score(one.values).surprise for one in corpus]
        benchmark = held_out(corpus, surprises, REFRACTORY)
        at_once = held_out(corpus, surprises, 0)
        context.say(f"anomaly: reading {TICKS.name}")
        ticks, bars = _day(context.data / TICKS)
        seen, unseen = np.array_split(ticks, 2)
        limits = Limits(_thresholds(seen), WARM_UP, REFRACTORY)
        context.say("anomaly: injecting anomalies into the second half of the day")
        judged = Judged(
            limits=limits,
            benchmark=benchmark,
            without_refractory=at_once,
            trades=int((unseen["kind"] == TICK_TRADE).sum()),
            alarms=tuple(TickDetector(limits).push(unseen)),
            recalls=tuple(recall(unseen, limits, kind, context.seed) for kind in KINDS),
            bars=fit_forest(bars, context.seed),
        )
        measures = _measures(judged)
        artifact = _artifact(context, judged, measures)
        plot(judged, context.reports)
        return Result((artifact,), measures, report(judged), card(artifact, judged))


def _day(path: Path) -> tuple[Ticks, Ticks]:
    """Return the ticks of a DBN file, as ingest makes them, and its minute bars."""
    if not path.is_file():
        raise UserError(f"{path} is missing; name the folder of the data with --data.")
    states = InstrumentStates(feed=0)
    parser = Parser(states)
    ticks, bars = [], []
    for chunk in open_dbn(path).chunks():
        for batch in parser.feed(chunk):
            ticks.append(batch.ticks.copy())
            bars.append(batch.bars[batch.bars["interval_s"] == MINUTE_S])
    return np.concatenate(ticks), merge(np.concatenate(bars), MINUTE_S)


def _thresholds(ticks: Ticks) -> tuple[float, ...]:
    """Return the thresholds, by the rarest scores of the trades."""
    everything = TickDetector(Limits((TINY,) * (FEATURES + 1), WARM_UP, 0))
    rows = np.concatenate(
        [everything.rows(ticks[at : at + CHUNK]) for at in range(0, len(ticks), CHUNK)]
    )
    z = np.abs(rows[:, -FEATURES:])
    found = np.quantile(np.column_stack([z, rows[:, 4]]), 1.0 - RATE, axis=0)
    least = [LEAST_Z] * FEATURES + [LEAST_CONTEXT]
    return tuple(np.maximum(found, least).round(3).tolist())


def _measures(judged: Judged) -> tuple[Measure, ...]:
    benchmark, bars = judged.benchmark, judged.bars
    recalls = [(one.kind, one.found / max(one.injected, 1)) for one in judged.recalls]
    alarms = 1e6 * len(judged.alarms) / judged.trades
    share = bars.alarms / bars.bars
    most = MOST_DIFFERENCE
    return (
        Measure("NAB, threshold frozen on the other half", benchmark.score, FLOOR, GOAL),
        Measure("NAB, without refractory period", judged.without_refractory.score),
        *(Measure(f"recall of injected anomalies, {kind}", recall) for kind, recall in recalls),
        Measure("alarms per million trades, none injected", alarms, lower_is_better=True),
        Measure("share of anomalous bars, second half", share, lower_is_better=True),
        Measure(
            "forest, difference from scikit-learn", bars.difference, most, lower_is_better=True
        ),
    )


def _artifact(context: Context, judged: Judged, measures: tuple[Measure, ...]) -> Artifact:
    rng = np.random.default_rng(context.seed)
    values = rng.standard_normal(GOLDEN_VALUES).round(3).tolist()
    frozen = max(judged.benchmark.thresholds)
    return Artifact(
        name=NAME,
        kind=KIND,
        version=VERSION,
        arrays={
            "thresholds": np.array(judged.limits.thresholds, np.float64),
            SERIES: np.array([frozen], np.float64),
            **judged.bars.forest.arrays(),
        },
        features=FEATURE_NAMES,
        options=_options(judged, context.seed),
        data={path.name: sha256_of(context.data / path) for path in (TICKS, LABELS)},
        versions={
            "python": platform.python_version(),
            "numpy": np.__version__,
            "numba": numba.__version__,
            "scikit-learn": sklearn.__version__,
        },
        metrics={one.name: round(one.value, 6) for one in measures},
        golden=(golden([*values, 25.0]),),
    )


def _options(judged: Judged, seed: int) -> dict[str, Any]:
    return {
        **constants(),
        "warm_up": judged.limits.warm_up,
        "refractory": judged.limits.refractory,
        "rate": RATE,
        "bars": judged.bars.forest.options(),
        "seed": seed,
    }
