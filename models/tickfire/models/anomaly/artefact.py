"""The artefact of the anomaly model: its frozen thresholds."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np

from tickfire.models.anomaly.baseline import BINS, DECAY
from tickfire.models.anomaly.detector import FEATURE_NAMES, Limits, score
from tickfire.models.anomaly.ticks_kernel import MEMORY, REACH
from tickfire.models.artefact import Artefact, ArtefactError, load

__all__ = ["KIND", "NAME", "SERIES", "VERSION", "constants", "golden", "limits_of", "read"]

NAME: Final = "anomaly"
KIND: Final = "anomaly"
VERSION: Final = 1
SERIES: Final = "series_threshold"
"""Array: threshold of the surprise of a plain series, frozen on half of the benchmark."""
_CLOSE: Final = 1e-9


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


def limits_of(artefact: Artefact) -> Limits:
    """Return the limits that an artefact holds.

    Raises
    ------
    ArtefactError
        They are not for these features and constants, or the golden vectors do not hold.
    """
    why = ""
    if {name: artefact.options.get(name) for name in constants()} != constants():
        why = "it was made for other features or constants"
    for vector in artefact.golden:
        found = np.array(score(vector["input"]))
        if not np.allclose(found, np.array(vector["output"]), rtol=_CLOSE, atol=_CLOSE):
            why = "its golden vectors do not hold"
    try:
        if why:
            raise ValueError(why)
        return Limits(
            tuple(artefact.arrays["thresholds"].tolist()),
            int(artefact.options["warm_up"]),
            int(artefact.options["refractory"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ArtefactError(f"the artefact {artefact.name} is refused: {error}.") from error


def read(path: Path) -> Limits:
    """Read the limits from a manifest's path.

    Raises
    ------
    ArtefactError
    """
    return limits_of(load(path, KIND, VERSION))
