"""The artefact of the anomaly model: its frozen thresholds."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np

from tickfire.models.anomaly.baseline import BINS, DECAY
from tickfire.models.anomaly.detector import FEATURE_NAMES, Limits, score
from tickfire.models.anomaly.forest import Forest
from tickfire.models.anomaly.ticks_kernel import MEMORY, REACH
from tickfire.models.artefact import Artefact, ArtefactError, load

__all__ = ["KIND", "NAME", "SERIES", "VERSION", "Frozen", "constants", "golden", "read"]

NAME: Final = "anomaly"
KIND: Final = "anomaly"
VERSION: Final = 1
SERIES: Final = "series_threshold"
"""Array: threshold of the surprise of a plain series, frozen on half of the benchmark."""
_CLOSE: Final = 1e-9


class Frozen(NamedTuple):
    """What the artefact holds.

    Attributes
    ----------
    limits : Limits
        Of trades.
    forest : Forest
        Of bars.
    """

    limits: Limits
    forest: Forest


def constants() -> dict[str, Any]:
    """Return what the thresholds rest on, beside the data: they are of no use with others."""
    return {
        "features": list(FEATURE_NAMES),
        "memory": MEMORY,
        "reach": REACH,
        "bins": BINS,
        "decay": DECAY,
    }


def golden(values: list[float]) -> Mapping[str, Any]:
    """Return a golden vector: what the baseline says of a series."""
    z, surprise = score(values)
    return {"input": values, "output": [z.tolist(), surprise.tolist()]}


def read(path: Path) -> Frozen:
    """Read the artefact by its manifest's path.

    Raises
    ------
    ArtefactError
        It is not whole, for other features or constants, or its golden vectors do not hold.
    """
    artefact = load(path, KIND, VERSION)
    try:
        _verify(artefact)
        limits = Limits(
            tuple(artefact.arrays["thresholds"].tolist()),
            int(artefact.options["warm_up"]),
            int(artefact.options["refractory"]),
        )
        return Frozen(limits, Forest.of(artefact.arrays, artefact.options["bars"]))
    except (KeyError, TypeError, ValueError) as error:
        raise ArtefactError(f"the artefact {path} is refused: {error}.") from error


def _verify(artefact: Artefact) -> None:
    if {name: artefact.options.get(name) for name in constants()} != constants():
        raise ValueError("it was made for other features or constants")
    for vector in artefact.golden:
        found = np.array(score(vector["input"]))
        if not np.allclose(found, np.array(vector["output"]), rtol=_CLOSE, atol=_CLOSE):
            raise ValueError("its golden vectors do not hold")
