"""`Exported`: a fitted estimator as arrays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tickfire.kernels.maths import exp, power
from tickfire.models.export.walk_kernel import WALK_TREES, WEIGH_ROWS

type Floats = NDArray[np.float64]

MEAN: Final = "mean"
"""Kind of forests and single trees: the sum over the trees, divided by their number."""
SUM: Final = "sum"
"""Kind of boosted trees: the sum over the trees is added to a baseline."""
DEPTH: Final = "depth"
"""Kind of isolation forests: the sum over the trees is a path length, which gives the score."""
LINEAR: Final = "linear"
IDENTITY: Final = "identity"
SIGMOID: Final = "sigmoid"
SOFTMAX: Final = "softmax"
FORESTS: Final = (MEAN, SUM, DEPTH)
_OPTIONS: Final = (
    *("kind", "columns", "outputs", "single", "takes_nan", "takes_infinity", "link"),
)
_TABLES: Final = ("roots", "outputs_of", "feature", "left", "right", "missing_left")


@dataclass(frozen=True, slots=True)
class Exported:
    """A fitted estimator of scikit-learn, evaluated without it.

    Attributes
    ----------
    kind : str
        ``"mean"``, ``"sum"``, ``"depth"`` or ``"linear"``.
    columns, outputs : int
        Number of inputs, and of outputs.
    arrays : mapping of str to ndarray
        Tables of int64 and numbers of float64, fit for an artifact.
    single : bool
        True if rows are rounded to float32 first, as by scikit-learn's trees.
    takes_nan, takes_infinity : bool
        True if the estimator accepts NaN, and infinity.
    link : str
        Function from outputs to probabilities: ``"sigmoid"``, ``"softmax"``, ``"identity"``, or
        empty if the estimator has no probabilities.
    """

    kind: str
    columns: int
    outputs: int
    arrays: Mapping[str, NDArray[Any]]
    single: bool
    takes_nan: bool
    takes_infinity: bool
    link: str = ""

    @classmethod
    def of(cls, arrays: Mapping[str, NDArray[Any]], options: Mapping[str, Any]) -> Exported:
        """Return the estimator of an artifact's arrays and options.

        Parameters
        ----------
        arrays : mapping of str to ndarray
            As in `arrays`.
        options : mapping
            As returned by `options`.

        Raises
        ------
        ValueError
            They do not fit together; a kernel must never leave its tables.
        """
        # The kernels are compiled for writable arrays; those of a loaded artifact are read-only.
        own = {name: np.array(array, order="C") for name, array in arrays.items()}
        exported = cls(arrays=own, **options)
        exported._check()
        return exported

    def options(self) -> dict[str, Any]:
        """Return everything but the arrays, as JSON values."""
        return {name: getattr(self, name) for name in _OPTIONS}

    def __call__(self, rows: ArrayLike) -> Floats:
        """Evaluate the estimator.

        Parameters
        ----------
        rows : float[n, columns]

        Returns
        -------
        float64[n, outputs]
            Forests: the mean of the leaves (probabilities of classes, or values). Boosting: the
            raw score, before any link. Linear models: the decision, or value. Isolation forests:
            ``score_samples``, which is negative, and lower for stranger rows.

        Raises
        ------
        ValueError
            The rows have another width, or hold NaN or infinity where the estimator accepts none.
        """
        given = self._checked_rows(rows)
        n = len(given)
        a = self.arrays
        if self.kind == LINEAR:
            out = np.empty(n * self.outputs)
            WEIGH_ROWS.raw(given.ravel(), self.columns, a["weights"], a["bias"], self.outputs, out)
            return out.reshape(n, self.outputs)
        out = np.tile(a["baseline"], n)
        WALK_TREES.raw(
            *(given.ravel(), self.columns, a["roots"], a["outputs_of"], a["feature"]),
            *(a["threshold"], a["left"], a["right"], a["missing_left"], a["value"]),
            *(len(a["value"]) // len(a["feature"]), float(a["scale"][0]), self.outputs, out),
        )
        return self._results(out).reshape(n, self.outputs)

    def probabilities(self, rows: ArrayLike) -> Floats:
        """Return float64[n, classes], equal to `predict_proba` to a few units in the last place.

        Raises
        ------
        ValueError
            The estimator has no probabilities, or the rows are refused as by `__call__`.
        """
        outputs = self(rows)
        if self.link == IDENTITY:
            return outputs
        if self.link == SIGMOID:
            second = np.array([1.0 / (1.0 + exp(-score)) for score in outputs[:, 0].tolist()])
            return np.stack([1.0 - second, second], axis=1)
        if self.link != SOFTMAX:
            raise ValueError("the estimator has no probabilities")
        below = outputs - outputs.max(axis=1, keepdims=True)
        powers = np.array([[exp(score) for score in row] for row in below.tolist()])
        shares: Floats = powers / powers.sum(axis=1, keepdims=True)
        return shares

    def _results(self, out: Floats) -> Floats:
        trees = len(self.arrays["roots"])
        if self.kind == MEAN:
            return out / trees
        if self.kind == DEPTH:
            whole = float(self.arrays["whole"][0])
            ratios = out / whole if whole else np.ones_like(out)
            return np.array([-power(2.0, -ratio) for ratio in ratios.tolist()])
        return out

    def _checked_rows(self, rows: ArrayLike) -> Floats:
        given = np.atleast_2d(np.asarray(rows, np.float64))
        if given.ndim != 2 or given.shape[1] != self.columns:
            raise ValueError(f"rows must have {self.columns} columns, not the shape {given.shape}")
        if self.single:
            with np.errstate(over="ignore"):
                given = given.astype(np.float32).astype(np.float64)
        if not self.takes_nan and np.isnan(given).any():
            raise ValueError("the estimator accepts no NaN")
        if not self.takes_infinity and np.isinf(given).any():
            raise ValueError("the estimator accepts no infinity, nor values that overflow float32")
        return np.ascontiguousarray(given)

    def _check(self) -> None:
        a = self.arrays
        if self.columns < 1 or self.outputs < 1:
            raise ValueError("there are no columns or no outputs")
        if self.kind == LINEAR:
            if a["weights"].shape != (self.columns * self.outputs,):
                raise ValueError("the weights have another shape")
            if a["bias"].shape != (self.outputs,):
                raise ValueError("the bias has another shape")
            return
        if self.kind not in FORESTS:
            raise ValueError(f"there is no kind of estimator {self.kind}")
        self._check_trees(len(a["feature"]))

    def _check_trees(self, nodes: int) -> None:
        """Check that the kernel cannot leave the tables, nor walk for ever."""
        a = self.arrays
        for name in _TABLES:
            if a[name].dtype != np.int64 or a[name].ndim != 1:
                raise ValueError(f"{name} is not a table")
        for name in ("left", "right", "missing_left", "threshold"):
            if len(a[name]) != nodes:
                raise ValueError(f"{name} does not have an element for each node")
        inner = np.flatnonzero(a["feature"] >= 0)
        for name in ("left", "right"):
            children = a[name][inner]
            # A child comes after its parent, so every walk ends.
            if (children <= inner).any() or (children >= nodes).any():
                raise ValueError(f"{name} leads out of the trees")
        if not nodes or len(a["value"]) % nodes or not len(a["roots"]):
            raise ValueError("there are no trees, or no values")
        self._check_roots(nodes)

    def _check_roots(self, nodes: int) -> None:
        a = self.arrays
        width = len(a["value"]) // nodes
        if (a["feature"] >= self.columns).any() or len(a["roots"]) != len(a["outputs_of"]):
            raise ValueError("a feature or an output does not exist")
        if (a["roots"] < 0).any() or (a["roots"] >= nodes).any():
            raise ValueError("a root does not exist")
        first = a["outputs_of"]
        if (first < 0).any() or (first + width > self.outputs).any():
            raise ValueError("an output does not exist")
        if a["baseline"].shape != (self.outputs,) or a["scale"].shape != (1,):
            raise ValueError("there is no baseline, or no scale")
