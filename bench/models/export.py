"""Cost of a row in exported estimators, compared with scikit-learn's prediction of one row.

Run it with ``python -m bench.models.export``. The column "kernel" is a call of the kernel alone,
"call" one of `Exported` with its checks and arrays, and "batch" a row among 10,000.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final

import numpy as np
from sklearn import ensemble, linear_model

from tickfire.models.export.exported import LINEAR, Exported
from tickfire.models.export.from_sklearn import export
from tickfire.models.export.walk_kernel import WALK_TREES, WEIGH_ROWS

COLUMNS: Final = 12
TRAINED_ON: Final = 3_000
BATCH: Final = 10_000
ROUNDS: Final = 7
SEED: Final = 42


def main() -> None:
    """Measure and print."""
    chance = np.random.default_rng(SEED)
    rows = chance.normal(size=(TRAINED_ON, COLUMNS))
    target = (rows[:, 0] * rows[:, 1] + chance.normal(size=TRAINED_ON) > 0).astype(int)
    batch = chance.normal(size=(BATCH, COLUMNS))
    print("us per row                    kernel     call    batch  scikit-learn")
    for name, estimator in estimators().items():
        measure(name, estimator.fit(rows, target), batch)


def estimators() -> dict[str, Any]:
    """Return the estimators to measure."""
    return {
        "forest, 25 trees": ensemble.RandomForestClassifier(25, max_depth=8, random_state=SEED),
        "boosting, 100 trees": ensemble.GradientBoostingClassifier(random_state=SEED),
        "histogram boosting, 100": ensemble.HistGradientBoostingClassifier(random_state=SEED),
        "isolation forest, 100": ensemble.IsolationForest(random_state=SEED),
        "logistic regression": linear_model.LogisticRegression(),
    }


def measure(name: str, estimator: Any, batch: Any) -> None:
    """Measure an estimator and print one line."""
    exported = export(estimator)
    one = batch[:1].copy()
    predict = getattr(estimator, "score_samples", None) or estimator.predict_proba
    figures = (
        best(kernel_of(exported, one.ravel()), 2_000),
        best(lambda: exported(one), 500),
        best(lambda: exported(batch), 1) / BATCH,
        best(lambda: predict(one), 10),
    )
    print(f"{name:26}" + "".join(f"{1e6 * seconds:10.2f}" for seconds in figures))


def kernel_of(exported: Exported, row: Any) -> Callable[[], Any]:
    """Return a call of the kernel for one row."""
    a, out = exported.arrays, np.zeros(exported.outputs)
    if exported.kind == LINEAR:
        given = (row, COLUMNS, a["weights"], a["bias"], exported.outputs, out)
        return lambda: WEIGH_ROWS.raw(*given)
    tables = (a["roots"], a["outputs_of"], a["feature"], a["threshold"], a["left"], a["right"])
    width = len(a["value"]) // len(a["feature"])
    rest = (a["missing_left"], a["value"], width, 1.0, exported.outputs, out)
    return lambda: WALK_TREES.raw(row, COLUMNS, *tables, *rest)


def best(call: Callable[[], Any], times: int) -> float:
    """Return the processor time of a call in seconds: the mean of the best round."""
    found = []
    for _ in range(ROUNDS):
        began = time.process_time()
        for _ in range(times):
            call()
        found.append((time.process_time() - began) / times)
    return min(found)


if __name__ == "__main__":
    main()
