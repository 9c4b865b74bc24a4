"""Exported estimators, compared bit for bit with scikit-learn."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import ensemble, linear_model, svm, tree
from sklearn.dummy import DummyClassifier

from tickfire.kernels.portable import WRONG_LENGTH
from tickfire.models.artifact import Artifact, load, save
from tickfire.models.export.exported import Exported
from tickfire.models.export.from_sklearn import CannotExport, export
from tickfire.models.export.walk import walk_trees, weigh_rows

COLUMNS = 4
FEW: dict[str, Any] = {"n_estimators": 7, "random_state": 0}


def column(values: Any) -> Any:
    return np.asarray(values, np.float64).reshape(len(values), -1)


CLASSIFIERS: dict[str, tuple[Callable[..., Any], dict[str, Any], str]] = {
    "tree": (tree.DecisionTreeClassifier, {"random_state": 0}, "predict_proba"),
    "forest": (ensemble.RandomForestClassifier, FEW, "predict_proba"),
    "extra": (ensemble.ExtraTreesClassifier, FEW, "predict_proba"),
    "boosting": (ensemble.GradientBoostingClassifier, FEW, "decision_function"),
    "histogram": (
        ensemble.HistGradientBoostingClassifier,
        {"max_iter": 6, "random_state": 0},
        "decision_function",
    ),
}
REGRESSORS: dict[str, tuple[Callable[..., Any], dict[str, Any]]] = {
    "tree": (tree.DecisionTreeRegressor, {"random_state": 0}),
    "forest": (ensemble.RandomForestRegressor, FEW),
    "extra": (ensemble.ExtraTreesRegressor, FEW),
    "boosting": (ensemble.GradientBoostingRegressor, {**FEW, "loss": "huber"}),
    "histogram": (ensemble.HistGradientBoostingRegressor, {"max_iter": 6, "random_state": 0}),
}
TAKES_NAN = {"tree", "forest", "extra", "histogram"}


def samples(seed: int, n: int, missing: bool, classes: int = 3) -> tuple[Any, Any]:
    chance = np.random.default_rng(seed)
    rows = np.round(chance.normal(size=(n, COLUMNS)), chance.integers(1, 9))
    target = (rows[:, 0] + rows[:, 1] ** 2 + chance.normal(size=n) / 4).argsort().argsort()
    if missing:
        rows[chance.random(rows.shape) < 0.15] = np.nan
    return rows, target * classes // n


@settings(max_examples=6)
@given(st.integers(0, 2**32 - 1), st.booleans(), st.integers(2, 4))
@pytest.mark.parametrize("name", CLASSIFIERS)
def test_classifiers_equal_scikit_learns(name: str, seed: int, missing: bool, classes: int) -> None:
    make, options, asked = CLASSIFIERS[name]
    missing = missing and name in TAKES_NAN
    rows, target = samples(seed, 150, missing, classes)
    model = make(**options).fit(rows, target)
    unseen, _ = samples(seed + 1, 200, missing)
    unseen[0, :] = rows[0, :]
    exported = export(model)
    expected = column(getattr(model, asked)(unseen))
    np.testing.assert_array_equal(exported(unseen), expected)
    np.testing.assert_array_equal(exported(unseen[3]), expected[3:4])


@settings(max_examples=6)
@given(st.integers(0, 2**32 - 1), st.booleans())
@pytest.mark.parametrize("name", REGRESSORS)
def test_regressors_equal_scikit_learns(name: str, seed: int, missing: bool) -> None:
    make, options = REGRESSORS[name]
    missing = missing and name in TAKES_NAN
    rows, target = samples(seed, 120, missing, 100)
    model = make(**options).fit(rows, target / 7)
    unseen, _ = samples(seed + 1, 200, missing)
    np.testing.assert_array_equal(export(model)(unseen), column(model.predict(unseen)))


@settings(max_examples=5)
@given(st.integers(0, 2**32 - 1), st.sampled_from([1.0, 0.5]), st.sampled_from([2, 64, "auto"]))
def test_isolation_forests_within_one_unit_in_the_last_place(
    seed: int, features: float, most: Any
) -> None:
    rows, _ = samples(seed, 300, False)
    model = ensemble.IsolationForest(
        n_estimators=9, max_features=features, max_samples=most, random_state=0
    )
    model.fit(rows)
    unseen, _ = samples(seed + 1, 200, False)
    expected = model.score_samples(unseen)
    np.testing.assert_array_max_ulp(export(model)(unseen).ravel(), expected, 1)


@settings(max_examples=4)
@given(st.integers(0, 2**32 - 1), st.integers(2, 4))
@pytest.mark.parametrize("name", [*CLASSIFIERS, "logistic"])
def test_probabilities_equal_scikit_learns(name: str, seed: int, classes: int) -> None:
    rows, target = samples(seed, 150, False, classes)
    unseen, _ = samples(seed + 1, 100, False)
    make, options, _ = CLASSIFIERS.get(name, (linear_model.LogisticRegression, {}, ""))
    model = make(**options)
    model.fit(rows, target)
    expected = model.predict_proba(unseen)
    np.testing.assert_allclose(export(model).probabilities(unseen), expected, rtol=0, atol=1e-14)


@pytest.mark.parametrize(
    ("model", "classes"),
    [
        (linear_model.Ridge(), 2),
        (ensemble.GradientBoostingClassifier(loss="exponential", n_estimators=3), 2),
        (linear_model.SGDClassifier(loss="log_loss", random_state=0), 3),
    ],
)
def test_estimators_without_probabilities_say_so(model: Any, classes: int) -> None:
    rows, target = samples(1, 60, False, classes)
    with pytest.raises(ValueError, match="no probabilities"):
        export(model.fit(rows, target)).probabilities(rows)


LINEAR = {
    "logistic": linear_model.LogisticRegression(),
    "svc": svm.LinearSVC(random_state=0),
    "ridge classifier": linear_model.RidgeClassifier(),
    "ridge": linear_model.Ridge(),
    "lasso": linear_model.Lasso(0.01),
    "least squares": linear_model.LinearRegression(),
}


@settings(max_examples=5)
@given(st.integers(0, 2**32 - 1))
@pytest.mark.parametrize("name", LINEAR)
def test_linear_models_within_the_rounding_of_a_sum(name: str, seed: int) -> None:
    rows, target = samples(seed, 150, False)
    model = LINEAR[name].fit(rows, target)
    unseen, _ = samples(seed + 1, 200, False)
    asked = getattr(model, "decision_function", model.predict)
    expected = column(asked(unseen))
    terms = np.abs(unseen) @ np.abs(np.atleast_2d(model.coef_)).T + np.abs(model.intercept_)
    # BLAS adds up in an order of its own, by machine and shape: half a unit for each addition.
    assert (np.abs(export(model)(unseen) - expected) <= (COLUMNS + 1) * 2.0**-53 * terms).all()


def test_rows_are_rounded_as_by_trees() -> None:
    edge = np.float64(np.float32(0.1))
    rows = np.array([[0.0], [0.1], [0.2], [edge]])
    model = tree.DecisionTreeRegressor().fit(rows, [0, 1, 2, 1])
    near = np.nextafter(np.array([0.05, 0.15], np.float32), np.float32(1)).astype(np.float64)
    probes = np.concatenate([near, near - 1e-9, near + 1e-9, [edge, 0.1]])[:, None]
    np.testing.assert_array_equal(export(model)(probes), column(model.predict(probes)))


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e300])
@pytest.mark.parametrize("name", REGRESSORS)
def test_rows_that_scikit_learn_refuses_are_refused(name: str, value: float) -> None:
    make, options = REGRESSORS[name]
    rows, target = samples(5, 60, False)
    model = make(**options).fit(rows, target)
    probe = np.full((1, COLUMNS), value)
    try:
        with np.errstate(over="ignore"):
            expected = column(model.predict(probe))
    except ValueError:
        with pytest.raises(ValueError, match="the estimator accepts no"):
            export(model)(probe)
    else:
        np.testing.assert_array_equal(export(model)(probe), expected)


def test_estimators_that_cannot_be_exported_are_named() -> None:
    rows, target = samples(1, 60, False)
    with pytest.raises(CannotExport, match="neither made of trees nor linear"):
        export(DummyClassifier().fit(rows, target))
    two = np.stack([target, target], 1)
    with pytest.raises(CannotExport, match="several targets"):
        export(tree.DecisionTreeRegressor().fit(rows, two))
    rows[:, 0] = target
    categories = ensemble.HistGradientBoostingRegressor(categorical_features=[0], max_iter=3)
    with pytest.raises(CannotExport, match="categories"):
        export(categories.fit(rows, target * 1.5))


def test_round_trip_through_an_artifact(tmp_path: Path) -> None:
    rows, target = samples(2, 200, True)
    model = ensemble.HistGradientBoostingClassifier(max_iter=4).fit(rows, target)
    exported = export(model)
    options = json.loads(json.dumps(exported.options()))
    path = save(Artifact("trees", "trees", 1, exported.arrays, options=options), tmp_path)
    found = load(path, "trees", 1)
    again = Exported.of(found.arrays, found.options)
    np.testing.assert_array_equal(again(rows), model.decision_function(rows))


@pytest.mark.parametrize(
    ("name", "value"),
    [("left", 0), ("right", 10**6), ("feature", 99), ("roots", -1), ("outputs_of", 5)],
)
def test_inconsistent_tables_are_refused(name: str, value: int) -> None:
    rows, target = samples(3, 100, False)
    exported = export(ensemble.RandomForestClassifier(**FEW).fit(rows, target))
    spoilt = {key: array.copy() for key, array in exported.arrays.items()}
    spoilt[name][0] = value
    with pytest.raises(ValueError, match=r"leads out|does not exist"):
        Exported.of(spoilt, exported.options())


def test_rows_of_wrong_width_are_refused() -> None:
    rows, target = samples(3, 100, False)
    exported = export(linear_model.LinearRegression().fit(rows, target))
    with pytest.raises(ValueError, match="must have 4 columns"):
        exported(rows[:, :3])


def test_kernels_equal_plain_python() -> None:
    rows, target = samples(4, 60, True)
    exported = export(ensemble.HistGradientBoostingClassifier(max_iter=3).fit(rows, target))
    a: Any = exported.arrays
    walk: Any = walk_trees
    out = np.tile(a["baseline"], len(rows))
    tables = [a[name] for name in ("roots", "outputs_of", "feature", "threshold", "left", "right")]
    rest = (a["missing_left"], a["value"], 1, 1.0, exported.outputs, out)
    assert walk(rows.ravel(), COLUMNS, *tables, *rest) == len(rows)
    np.testing.assert_array_equal(out.reshape(-1, exported.outputs), exported(rows))
    assert walk(rows.ravel()[1:], COLUMNS, *tables, *rest) == WRONG_LENGTH
    linear = export(linear_model.LinearRegression().fit(np.nan_to_num(rows), target))
    b: Any = linear.arrays
    flat = np.nan_to_num(rows).ravel()
    weighed = np.empty(len(rows))
    assert weigh_rows(flat, COLUMNS, b["weights"], b["bias"], 1, weighed) == len(rows)
    np.testing.assert_array_equal(weighed[:, None], linear(np.nan_to_num(rows)))
