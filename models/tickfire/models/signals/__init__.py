"""Signals: an outlook on the direction of the price, and rules that the user writes.

`inputs` are the features of the model, `outlook` is its prediction after one bar, `walk` and
`judged` evaluate it, `trainer` makes the artifact, and `stream` runs in `tickfire infer`.
"""
