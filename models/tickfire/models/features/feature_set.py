"""`FeatureSet`: features of one series of bars; live bars give the same values as history."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tickfire.kernels import native
from tickfire.kernels.native import Running
from tickfire.models.features.catalogue import COLUMNS, CONTEXT, FEATURES, Definition, Feature

type Array = NDArray[np.float64]


class FeatureSet:
    """A set of features of one series of bars.

    Parameters
    ----------
    features : sequence of Feature
        Those of `CONTEXT` are left for the caller to fill in.

    Notes
    -----
    Results of the same kernel with the same parameters are computed once.
    """

    def __init__(self, features: Sequence[Feature]) -> None:
        self.features = tuple(features)
        self._running: dict[tuple[Any, ...], tuple[Running, tuple[int, ...]]] = {}
        self._rows: list[tuple[tuple[Any, ...], int]] = []
        for feature in self.features:
            definition = FEATURES.get(feature.name)
            if definition is not None:
                key = definition.kernel, definition.fixed, feature.arguments, feature.source
                if key not in self._running:
                    self._running[key] = _start(definition, feature)
                self._rows.append((key, definition.output))
            else:
                self._rows.append(((feature.name,), 0))

    def push(self, columns: Mapping[str, Array]) -> Array:
        """Take the next bars and return their features.

        Parameters
        ----------
        columns : mapping of str to float64[n]
            All of `COLUMNS`.

        Returns
        -------
        float64[n, len(features)]
            NaN where a feature is not known yet, and for features of `CONTEXT`.
        """
        return self._values(columns, Running.push)

    def peek(self, columns: Mapping[str, Array]) -> Array:
        """Return the result of `push` without taking the bars: for a bar that is still running."""
        return self._values(columns, Running.peek)

    def _values(self, columns: Mapping[str, Array], take: Callable[..., Any]) -> Array:
        given = [columns[name] for name in COLUMNS]
        results: dict[tuple[Any, ...], Any] = {
            key: take(running, *(given[at] for at in inputs))
            for key, (running, inputs) in self._running.items()
        }
        out = np.full((len(given[0]), len(self._rows)), np.nan)
        for at, (key, output) in enumerate(self._rows):
            if key in results:
                result = results[key]
                out[:, at] = result[output] if isinstance(result, tuple) else result
            elif key[0] not in CONTEXT:
                out[:, at] = columns[key[0]]
        return out


def _start(definition: Definition, feature: Feature) -> tuple[Running, tuple[int, ...]]:
    named = {p.name: v for p, v in zip(definition.parameters, feature.arguments, strict=True)}
    running: Running = getattr(native, definition.kernel).start(**named, **dict(definition.fixed))
    inputs = [feature.source if name == "src" else name for name in definition.inputs]
    return running, tuple(COLUMNS.index(name) for name in inputs)
