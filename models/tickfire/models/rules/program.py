"""Compiled rules, as programs of the stack machine in `evaluate_kernel`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tickfire.kernels.pointers import address_of
from tickfire.models.features.catalogue import Feature
from tickfire.models.rules.evaluate_kernel import MAX_STACK, evaluate, relocated

type Floats = NDArray[np.float64]

TRUE: Final = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class Program:
    """A compiled rule.

    Attributes
    ----------
    text : str
        Text of the rule, with white space normalised.
    features : tuple of Feature
        Features that it uses, in the order of its values.
    code : int64[n]
        Instructions, each an operation of `evaluate_kernel` with its operand.
    constants : float64[k]
    depth : int
        Maximum number of values on the stack.
    """

    text: str
    features: tuple[Feature, ...]
    code: NDArray[np.int64]
    constants: NDArray[np.float64]
    depth: int

    def __post_init__(self) -> None:
        if not 0 < self.depth <= MAX_STACK:
            raise ValueError(f"a program cannot use a stack of {self.depth}")

    def __call__(self, now: Floats, before: Floats) -> float:
        """Evaluate the rule.

        Parameters
        ----------
        now, before : float64[len(features)]
            Values of the features after this bar and after the bar before; NaN where unknown.

        Returns
        -------
        float
            1 if the rule holds, 0 if it does not, NaN if that is unknown.
        """
        values = np.array([now, before], np.float64)
        return self.bind(values, range(len(self.features)))(0)

    def bind(self, values: Floats, columns: Sequence[int]) -> BoundProgram:
        """Return the rule, bound to an array that holds the values of its features.

        Parameters
        ----------
        values : float64[2, k]
            Contiguous; its rows are, alternately, the current bar and the bar before.
        columns : sequence of int
            The column of each feature.
        """
        return BoundProgram(self, values, columns)


class BoundProgram:
    """A rule bound to its values: evaluation looks up and copies nothing."""

    def __init__(self, program: Program, values: Floats, columns: Sequence[int]) -> None:
        if values.dtype != np.float64 or not values.flags.c_contiguous or values.shape[:-1] != (2,):
            raise ValueError("the values must be two contiguous rows of float64")
        count = values.shape[1]
        if len(columns) != len(program.features) or not all(0 <= at < count for at in columns):
            raise ValueError(f"{len(columns)} columns for {len(program.features)} features")
        self._code = relocated(program.code, columns)
        self._values, self._constants = values, program.constants
        rows = [address_of(row) for row in values]
        self._start = address_of(self._code), len(self._code), address_of(program.constants)
        self._rows = (rows[0], rows[1]), (rows[1], rows[0])

    def __call__(self, row: int) -> float:
        """Evaluate the rule; ``row`` is the current bar, the other row the bar before."""
        return float(evaluate(*self._start, *self._rows[row]))
