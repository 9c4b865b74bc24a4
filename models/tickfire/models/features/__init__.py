"""Features: named numbers of a series of bars, which rules and signals are made of.

`catalogue` says which there are, `feature_set` computes them, over history and live by the same
kernels, so that a model is fed in production what it was trained on.
"""
