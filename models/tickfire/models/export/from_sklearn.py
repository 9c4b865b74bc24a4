"""Conversion of fitted scikit-learn estimators to arrays.

Decision trees, random forests, extra trees, gradient boosting, histogram gradient boosting (without
categories), isolation forests, and linear models.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tickfire.models.export.exported import (
    DEPTH,
    IDENTITY,
    LINEAR,
    MEAN,
    SIGMOID,
    SOFTMAX,
    SUM,
    Exported,
)

LEAF: Final = -1


class CannotExport(ValueError):
    """An estimator cannot be exported; the text says why."""


def export(estimator: Any) -> Exported:
    """Return an estimator as arrays.

    Raises
    ------
    CannotExport
        It is of another kind, has several targets, or splits by categories.
    """
    for base in type(estimator).__mro__:
        taker = _TAKERS.get(base.__name__)
        if taker is not None:
            kind, single, outputs, arrays = taker(estimator)
            columns = int(estimator.n_features_in_)
            options = {
                "kind": kind,
                "columns": columns,
                "outputs": outputs,
                "single": single,
                "takes_nan": _takes(estimator, columns, np.nan),
                "takes_infinity": _takes(estimator, columns, np.inf),
                "link": _link(estimator, kind, outputs),
            }
            return Exported.of(arrays, options)
    raise CannotExport(f"{type(estimator).__name__} is neither made of trees nor linear")


def _link(estimator: Any, kind: str, outputs: int) -> str:
    """Return the function from outputs to probabilities; empty if there is none that is known."""
    if not hasattr(estimator, "predict_proba"):
        return ""
    if kind == MEAN:
        return IDENTITY
    if getattr(estimator, "loss", "log_loss") != "log_loss":
        return ""
    if outputs == 1:
        return SIGMOID
    one_against_rest = type(estimator).__name__ == "SGDClassifier"
    return "" if one_against_rest or getattr(estimator, "solver", "") == "liblinear" else SOFTMAX


type Taken = tuple[str, bool, int, Mapping[str, NDArray[Any]]]
"""Kind, whether rows are rounded to float32, number of outputs, arrays."""


def _takes(estimator: Any, columns: int, value: float) -> bool:
    row = np.zeros((1, columns))
    row[0, 0] = value
    try:
        estimator.predict(row)
    except ValueError:
        return False
    return True


def _tree(estimator: Any) -> Taken:
    return _forest_of([estimator], estimator)


def _forest(estimator: Any) -> Taken:
    return _forest_of(list(estimator.estimators_), estimator)


def _forest_of(members: Sequence[Any], estimator: Any) -> Taken:
    _one_target(estimator)
    trees = [member.tree_ for member in members]
    width = trees[0].value.shape[2]
    values = [tree.value[:, 0, :] for tree in trees]
    arrays = _joined(list(map(_nodes, trees)), values, [0] * len(trees), np.zeros(width), 1.0)
    return MEAN, True, width, arrays


def _boosting(estimator: Any) -> Taken:
    stages = estimator.estimators_
    outputs = stages.shape[1]
    # The baseline is the same for every row, unless an estimator of the user's makes it.
    if estimator.init is not None and estimator.init != "zero":
        raise CannotExport("gradient boosting with an estimator as its init cannot be exported")
    baseline = estimator._raw_predict_init(np.zeros((1, estimator.n_features_in_), np.float32))
    trees = [member.tree_ for member in stages.ravel()]
    firsts = [k % outputs for k in range(len(trees))]
    values = [tree.value[:, 0, :] for tree in trees]
    arrays = _joined(
        list(map(_nodes, trees)), values, firsts, baseline[0], float(estimator.learning_rate)
    )
    return SUM, True, outputs, arrays


def _histogram_boosting(estimator: Any) -> Taken:
    outputs = int(estimator.n_trees_per_iteration_)
    predictors = [one for stage in estimator._predictors for one in stage]
    if any(one.nodes["is_categorical"].any() for one in predictors):
        raise CannotExport("histogram gradient boosting with categories cannot be exported")
    tables = [_histogram_nodes(one.nodes) for one in predictors]
    values = [one.nodes["value"][:, None] for one in predictors]
    firsts = [k % outputs for k in range(len(predictors))]
    baseline = np.asarray(estimator._baseline_prediction, np.float64).ravel()
    return SUM, False, outputs, _joined(tables, values, firsts, baseline, 1.0)


def _isolation(estimator: Any) -> Taken:
    tables, values = [], []
    depths = zip(
        estimator.estimators_,
        estimator.estimators_features_,
        estimator._decision_path_lengths,
        estimator._average_path_length_per_tree,
        strict=True,
    )
    for member, features, lengths, average in depths:
        nodes = _nodes(member.tree_)
        inner = nodes["feature"] >= 0
        nodes["feature"][inner] = np.asarray(features)[nodes["feature"][inner]]
        tables.append(nodes)
        values.append((lengths + average - 1.0)[:, None])
    arrays = _joined(tables, values, [0] * len(tables), np.zeros(1), 1.0)
    whole = len(tables) * _average_path_length(estimator._max_samples)
    return DEPTH, True, 1, {**arrays, "whole": np.array([whole])}


def _average_path_length(samples: int) -> float:
    """Return the mean depth of an unsuccessful search among samples, by scikit-learn's formula."""
    if samples <= 2:
        return float(max(samples - 1, 0))
    harmonic = np.log(samples - 1.0) + np.euler_gamma
    return float(2.0 * harmonic - 2.0 * (samples - 1.0) / samples)


def _linear(estimator: Any) -> Taken:
    weights = np.atleast_2d(np.asarray(estimator.coef_, np.float64))
    bias = np.broadcast_to(np.asarray(estimator.intercept_, np.float64), len(weights)).copy()
    return LINEAR, False, len(weights), {"weights": weights.ravel(), "bias": bias}


def _one_target(estimator: Any) -> None:
    if getattr(estimator, "n_outputs_", 1) != 1:
        raise CannotExport("trees with several targets cannot be exported")


def _nodes(tree: Any) -> dict[str, NDArray[Any]]:
    state = tree.__getstate__()["nodes"]
    leaf = state["left_child"] < 0
    return {
        "feature": np.where(leaf, LEAF, state["feature"]).astype(np.int64),
        "threshold": np.where(leaf, 0.0, state["threshold"]),
        "left": np.where(leaf, 0, state["left_child"]).astype(np.int64),
        "right": np.where(leaf, 0, state["right_child"]).astype(np.int64),
        "missing_left": state["missing_go_to_left"].astype(np.int64),
    }


def _histogram_nodes(nodes: NDArray[Any]) -> dict[str, NDArray[Any]]:
    leaf = nodes["is_leaf"] != 0
    return {
        "feature": np.where(leaf, LEAF, nodes["feature_idx"]).astype(np.int64),
        "threshold": np.where(leaf, 0.0, nodes["num_threshold"]),
        "left": np.where(leaf, 0, nodes["left"]).astype(np.int64),
        "right": np.where(leaf, 0, nodes["right"]).astype(np.int64),
        "missing_left": nodes["missing_go_to_left"].astype(np.int64),
    }


def _joined(
    tables: Sequence[Mapping[str, NDArray[Any]]],
    values: Sequence[NDArray[Any]],
    firsts: Sequence[int],
    baseline: NDArray[Any],
    scale: float,
) -> dict[str, NDArray[Any]]:
    """Return the tables of trees, one after another; ``firsts`` are the trees' first outputs."""
    sizes = [len(table["feature"]) for table in tables]
    roots = np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(np.int64)
    whole: dict[str, NDArray[Any]] = {}
    for name in ("feature", "threshold", "missing_left"):
        whole[name] = np.concatenate([table[name] for table in tables])
    for name in ("left", "right"):
        moved = [table[name] + root for table, root in zip(tables, roots, strict=True)]
        whole[name] = np.concatenate(moved)
    return whole | {
        "roots": roots,
        "outputs_of": np.array(firsts, np.int64),
        "value": np.concatenate([np.asarray(v, np.float64).ravel() for v in values]),
        "baseline": np.asarray(baseline, np.float64),
        "scale": np.array([scale]),
    }


_TAKERS: Final[Mapping[str, Callable[[Any], Taken]]] = {
    "IsolationForest": _isolation,
    "BaseHistGradientBoosting": _histogram_boosting,
    "BaseGradientBoosting": _boosting,
    "BaseForest": _forest,
    "BaseDecisionTree": _tree,
    "LinearModel": _linear,
    "LinearClassifierMixin": _linear,
}
