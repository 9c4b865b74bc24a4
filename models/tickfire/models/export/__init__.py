"""Estimators of scikit-learn as arrays, evaluated by kernels without scikit-learn.

`from_sklearn` converts a fitted estimator, and `Exported` evaluates the arrays.
"""
