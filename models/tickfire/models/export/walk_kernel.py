"""Compiled kernels that evaluate exported estimators; `tickfire warm` finds them by this name."""

from __future__ import annotations

from tickfire.kernels.native import compile_native
from tickfire.models.export.walk import walk_trees, weigh_rows

WALK_TREES = compile_native(walk_trees)
WEIGH_ROWS = compile_native(weigh_rows)
