"""The protocol between `tickfire train` and the trainers of models."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from tickfire.models.artifact import Artifact


@dataclass(frozen=True, slots=True)
class Context:
    """Inputs of a trainer.

    Attributes
    ----------
    data : Path
        Folder of the training data.
    reports : Path
        Existing folder for plots.
    seed : int
        Seed of all random numbers.
    say : callable
        Function to call with each line of progress.
    """

    data: Path
    reports: Path
    seed: int
    say: Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Measure:
    """A figure, with the bounds that it should reach.

    Attributes
    ----------
    name : str
    value : float
    floor, goal : float or None
        Bounds: minima, or maxima where ``lower_is_better``.
    lower_is_better : bool
    """

    name: str
    value: float
    floor: float | None = None
    goal: float | None = None
    lower_is_better: bool = False

    def reaches(self, bound: float | None) -> bool:
        """Return whether the value reaches a bound; True if there is none."""
        if bound is None:
            return True
        return self.value <= bound if self.lower_is_better else self.value >= bound


@dataclass(frozen=True, slots=True)
class Result:
    """Output of a trainer.

    Attributes
    ----------
    artifacts : tuple of Artifact
        Artifacts to save; may be empty.
    measures : tuple of Measure
        Figures; one below its floor fails the run.
    report : str
        Body of the report in Markdown, without the table of measures.
    card : str
        Model card in Markdown.
    """

    artifacts: tuple[Artifact, ...]
    measures: tuple[Measure, ...]
    report: str
    card: str = field(default="")


class Trainer(Protocol):
    """Trainer of one kind of model."""

    def train(self, context: Context) -> Result:
        """Train a model, evaluate it, and report.

        Raises
        ------
        UserError
            Training data are missing or malformed.
        """
        ...
