"""Artifact of the anomaly model: its frozen thresholds, and the forest over bars."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np

from tickfire.models.anomaly.baseline import BINS, DECAY
from tickfire.models.anomaly.detector import FEATURE_NAMES, Limits, score
from tickfire.models.anomaly.forest import Forest
from tickfire.models.anomaly.ticks_kernel import MEMORY, REACH
from tickfire.models.artifact import Artifact, ArtifactError, load

NAME: Final = "anomaly"
KIND: Final = "anomaly"
VERSION: Final = 1
SERIES: Final = "series_threshold"
"""Name of the array that holds the threshold of a series, frozen on half of the benchmark."""
_CLOSE: Final = 1e-9


class Frozen(NamedTuple):
    """Content of the artifact.

    Attributes
    ----------
    limits : Limits
        Thresholds and periods for trades.
    forest : Forest
        Isolation forest for bars.
    """

    limits: Limits
    forest: Forest


def constants() -> dict[str, Any]:
    """Return the constants that the thresholds were frozen with, and are valid for."""
    return {
        "features": list(FEATURE_NAMES),
        "memory": MEMORY,
        "reach": REACH,
        "bins": BINS,
        "decay": DECAY,
    }


def golden(values: list[float]) -> Mapping[str, Any]:
    """Return a golden vector: a series, with its z-scores and surprises."""
    z, surprise = score(values)
    return {"input": values, "output": [z.tolist(), surprise.tolist()]}


def read(path: Path) -> Frozen:
    """Read an artifact by the path of its manifest.

    Raises
    ------
    ArtifactError
        A file is damaged, was made for other features or constants, or gives other golden outputs.
    """
    artifact = load(path, KIND, VERSION)
    try:
        _verify(artifact)
        limits = Limits(
            tuple(artifact.arrays["thresholds"].tolist()),
            int(artifact.options["warm_up"]),
            int(artifact.options["refractory"]),
        )
        return Frozen(limits, Forest.of(artifact.arrays, artifact.options["bars"]))
    except (KeyError, TypeError, ValueError) as error:
        raise ArtifactError(f"the artifact {path} is refused: {error}.") from error


def _verify(artifact: Artifact) -> None:
    if {name: artifact.options.get(name) for name in constants()} != constants():
        raise ValueError("it was made for other features or constants")
    for vector in artifact.golden:
        found = np.array(score(vector["input"]))
        if not np.allclose(found, np.array(vector["output"]), rtol=_CLOSE, atol=_CLOSE):
            raise ValueError("its golden vectors are not reproduced")
