"""`Program`: a rule as numbers for a stack machine, and the words of that machine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tickfire.models.features.catalogue import Feature
from tickfire.models.rules.evaluate_kernel import MAX_STACK, evaluate, relocated

type Floats = NDArray[np.float64]

TRUE: Final = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class Program:
    """A rule that was understood.

    Attributes
    ----------
    text : str
        As it was written.
    features : tuple of Feature
        What it looks at, in the order of its values.
    code : int64[n]
        Words of the machine: operations of `evaluate_kernel`, each with its operand.
    constants : float64[k]
    depth : int
        The stack that it needs.
    """

    text: str
    features: tuple[Feature, ...]
    code: NDArray[np.int64]
    constants: NDArray[np.float64]
    depth: int

    def __post_init__(self) -> None:
        if not 0 < self.depth <= MAX_STACK:
            raise ValueError(f"a stack of {self.depth}")

    def __call__(self, now: Floats, before: Floats) -> float:
        """Evaluate it.

        Parameters
        ----------
        now, before : float64[len(features)]
            The values after this bar and after the bar before; NaN where not known.

        Returns
        -------
        float
            1 if it holds, 0 if not, NaN if that cannot be known yet.
        """
        values = np.array([now, before], np.float64)
        return self.bind(values, range(len(self.features)))(0)

    def bind(self, values: Floats, places: Sequence[int]) -> BoundProgram:
        """Return the rule over values that are kept elsewhere, among others.

        Parameters
        ----------
        values : float64[2, k]
            Contiguous; its rows are, in turns, now and the bar before.
        places : sequence of int
            The column of each feature.
        """
        return BoundProgram(self, values, places)


class BoundProgram:
    """A rule that knows where its values lie: nothing is looked up or copied when it is asked."""

    def __init__(self, program: Program, values: Floats, places: Sequence[int]) -> None:
        if values.dtype != np.float64 or not values.flags.c_contiguous or values.shape[:-1] != (2,):
            raise ValueError("values are two contiguous rows of float64")
        columns = values.shape[1]
        if len(places) != len(program.features) or not all(0 <= at < columns for at in places):
            raise ValueError(f"{len(places)} places for {len(program.features)} features")
        self._code = relocated(program.code, places)
        self._values, self._constants = values, program.constants
        rows = [int(row.ctypes.data) for row in values]
        self._start = int(self._code.ctypes.data), len(self._code), program.constants.ctypes.data
        self._rows = (rows[0], rows[1]), (rows[1], rows[0])

    def __call__(self, row: int) -> float:
        """Evaluate it; ``row`` is now, the other one the bar before. See `Program`."""
        return float(evaluate(*self._start, *self._rows[row]))
