"""What a kind of model is to `tickfire train`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from tickfire.models.artifact import Artifact


@dataclass(frozen=True, slots=True)
class Context:
    """What a trainer is given.

    Attributes
    ----------
    data : Path
        The folder of the data.
    reports : Path
        The folder for plots; it exists.
    seed : int
        All chance comes from it.
    say : callable
        Takes one line of progress.
    """

    data: Path
    reports: Path
    seed: int
    say: Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Measure:
    """One figure, with what it must reach.

    Attributes
    ----------
    name : str
    value : float
    floor, goal : float or None
        At least so much; at most, where `lower_is_better`.
    """

    name: str
    value: float
    floor: float | None = None
    goal: float | None = None
    lower_is_better: bool = False

    def reaches(self, bound: float | None) -> bool:
        """Whether the value is as good as a bound; without one it is."""
        if bound is None:
            return True
        return self.value <= bound if self.lower_is_better else self.value >= bound


@dataclass(frozen=True, slots=True)
class Result:
    """What a trainer made.

    Attributes
    ----------
    artifacts : tuple of Artifact
        To be saved; may be empty.
    measures : tuple of Measure
        Each one below its floor fails the training.
    report : str
        Markdown, without the table of measures, which is put before it.
    card : str
        The model card, markdown.
    """

    artifacts: tuple[Artifact, ...]
    measures: tuple[Measure, ...]
    report: str
    card: str = field(default="")


class Trainer(Protocol):
    """Makes models of one kind."""

    def train(self, context: Context) -> Result:
        """Train, measure and report.

        Raises
        ------
        UserError
            Data is missing or not what it should be.
        """
        ...
