"""`Program`: a rule as numbers for a stack machine, and the words of that machine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tickfire.models.features.catalogue import Feature
from tickfire.models.rules.evaluate_kernel import MAX_STACK, evaluate

__all__ = ["FALSE", "TRUE", "Program"]

FALSE: Final = 0.0
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

    def __call__(self, now: NDArray[np.float64], before: NDArray[np.float64]) -> float:
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
        if not len(now) == len(before) == len(self.features):
            raise ValueError(f"{len(now)} values for {len(self.features)} features")
        return float(
            evaluate(
                self.code.ctypes.data,
                len(self.code),
                self.constants.ctypes.data,
                np.ascontiguousarray(now).ctypes.data,
                np.ascontiguousarray(before).ctypes.data,
            )
        )
