"""Kernels that evaluate exported estimators, for every engine."""

from __future__ import annotations

from tickfire.kernels.portable import WRONG_LENGTH, LongStore, Store, portable


# Its arguments are the tables of the trees, and the checks make it long; the walk is one loop.
@portable
def walk_trees(
    rows: Store,
    columns: int,
    roots: LongStore,
    outputs_of: LongStore,
    feature: LongStore,
    threshold: Store,
    left: LongStore,
    right: LongStore,
    missing_left: LongStore,
    value: Store,
    width: int,
    scale: float,
    outputs: int,
    out: Store,
) -> int:
    """Add to each row's outputs the values of the leaves that it reaches, tree by tree.

    A node with a negative feature is a leaf. At a node, NaN goes left where ``missing_left`` is not
    0. A leaf holds ``width`` values, for as many outputs from its tree's ``outputs_of`` on.
    """
    nodes = len(feature)
    if columns < 1 or outputs < 1 or len(out) % outputs != 0:
        return WRONG_LENGTH
    n = len(out) // outputs
    if len(rows) != n * columns or len(value) != nodes * width or len(roots) != len(outputs_of):
        return WRONG_LENGTH
    if len(threshold) != nodes or len(left) != nodes:
        return WRONG_LENGTH
    if len(right) != nodes or len(missing_left) != nodes:
        return WRONG_LENGTH
    for i in range(n):
        row = i * columns
        for tree in range(len(roots)):
            node = roots[tree]
            column = feature[node]
            while column >= 0:
                x = rows[row + column]
                if x != x:
                    node = left[node] if missing_left[node] != 0 else right[node]
                elif x <= threshold[node]:
                    node = left[node]
                else:
                    node = right[node]
                column = feature[node]
            at = i * outputs + outputs_of[tree]
            for k in range(width):
                out[at + k] += scale * value[node * width + k]
    return n


@portable
def weigh_rows(
    rows: Store, columns: int, weights: Store, bias: Store, outputs: int, out: Store
) -> int:
    """Set each row's outputs to its weighted sums, added up from the first column to the last."""
    if columns < 1 or outputs < 1 or len(out) % outputs != 0 or len(bias) != outputs:
        return WRONG_LENGTH
    n = len(out) // outputs
    if len(rows) != n * columns or len(weights) != columns * outputs:
        return WRONG_LENGTH
    for i in range(n):
        for k in range(outputs):
            total = 0.0
            for j in range(columns):
                total += rows[i * columns + j] * weights[k * columns + j]
            out[i * outputs + k] = total + bias[k]
    return n
