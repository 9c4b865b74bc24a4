"""Estimators of scikit-learn as arrays, walked by one kernel; scikit-learn itself stays at home.

`from_sklearn` takes a fitted estimator apart, `Exported` computes from the arrays alone.
"""
