"""Features: named numbers computed from a series of bars, for rules and signals.

`catalogue` lists them, and `feature_set` computes them, by the same kernels over history and live,
so that a model sees in production what it was trained on.
"""
