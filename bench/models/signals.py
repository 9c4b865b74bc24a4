"""Cost of a signal: the outlook of a bar and a rule, compared with scikit-learn.

Run it with ``python -m bench.models.signals``. Figures are medians of processor times.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from sklearn.linear_model import LogisticRegression

from bench.models.patterns import nanoseconds
from tickfire.kernels.pointers import address_of
from tickfire.models.rules.parse import parse
from tickfire.models.signals.inputs import NAMES
from tickfire.models.signals.outlook import OutlookModel
from tickfire.models.signals.outlook_kernel import VALUES, make_inputs, probabilities

ROWS: Final = 20_000
PREDICTIONS: Final = 200


def main() -> None:
    """Measure and print."""
    chance = np.random.default_rng(5)
    values, out = chance.random((ROWS, VALUES)), np.empty((ROWS, len(NAMES)))
    addresses = address_of(values), ROWS, address_of(out)
    inputs = nanoseconds(lambda: make_inputs(*addresses), ROWS)

    model, row = OutlookModel.read(), np.zeros(len(NAMES))
    weights, result = np.zeros(len(NAMES) + 1), np.empty(ROWS)
    arguments = address_of(out), ROWS, address_of(weights), address_of(result)
    scores = nanoseconds(lambda: probabilities(*arguments), ROWS)

    def outlooks() -> None:
        for _ in range(ROWS):
            model.predict(row, 1e-3)

    both = np.array([[25.0, 0.6], [35.0, 0.6]])
    rule = parse("rsi(14) < 30 and sentiment > 0.5").bind(both, (0, 1))

    def rules() -> None:
        for _ in range(ROWS):
            rule(0)

    peer = LogisticRegression().fit(out, np.arange(ROWS) % 2)

    def predictions() -> None:
        for _ in range(PREDICTIONS):
            peer.predict_proba(row[None])

    print(f"inputs of a bar, many per call         {inputs:8.0f} ns")
    print(f"and their probability                  {scores:8.0f} ns (together at most 500)")
    print(f"the whole outlook, from Python         {nanoseconds(outlooks, ROWS):8.0f} ns")
    print(f"a rule of two features, from Python    {nanoseconds(rules, ROWS):8.0f} ns")
    print(
        f"scikit-learn, one call                  {nanoseconds(predictions, PREDICTIONS):8.0f} ns"
    )


if __name__ == "__main__":
    main()
