"""Samples of processes, and whether they grow. Pure, but for `sample_process`."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Final

import numpy as np

from bench.processes import resident_mib

MINUTES_PER_HOUR: Final = 60
MEMORY_SHARE: Final = 0.1
"""Growth of memory an hour, as a share of what a process has, from which it is growth."""
MEMORY_MIB: Final = 16.0
"""Growth of memory an hour, in MiB, below which it is none."""
COUNT: Final = 6.0
"""Growth of descriptors, threads and tasks an hour from which it is growth."""


@dataclass(frozen=True)
class Sample:
    """Resources of one process.

    Attributes
    ----------
    mib : float
        Resident memory, in MiB.
    descriptors, threads : int
    tasks : float
        Tasks of its event loop; nan if it does not tell.
    """

    mib: float
    descriptors: int
    threads: int
    tasks: float = float("nan")

    def __str__(self) -> str:
        tasks = "" if np.isnan(self.tasks) else f" {self.tasks:.0f} tasks"
        return f"{self.mib:.1f} MiB {self.descriptors} files {self.threads} threads{tasks}"


FIGURES: Final = tuple(each.name for each in fields(Sample))


def sample_process(pid: int, tasks: float = float("nan")) -> Sample:
    """Return the resources of a running process."""
    descriptors = len(os.listdir(f"/proc/{pid}/fd"))
    return Sample(resident_mib(pid), descriptors, len(os.listdir(f"/proc/{pid}/task")), tasks)


def slopes(minutes: Sequence[float], samples: Sequence[Sample]) -> dict[str, float]:
    """Return the growth of each figure an hour, by least squares.

    Parameters
    ----------
    minutes : sequence of float
        The time of each sample.
    samples : sequence of Sample
    """
    found = {}
    for name in FIGURES:
        values = np.array([getattr(sample, name) for sample in samples], float)
        known = ~np.isnan(values)
        if known.sum() >= 2:
            slope = np.polyfit(np.array(minutes)[known], values[known], 1)[0]
            found[name] = float(slope) * MINUTES_PER_HOUR
    return found


def growing(growth: Mapping[str, float], last: Sample) -> list[str]:
    """Return the figures that grow by more than they may.

    Parameters
    ----------
    growth : mapping of str to float
        Growth an hour, from `slopes`.
    last : Sample
    """
    most = {name: COUNT for name in FIGURES} | {"mib": max(MEMORY_MIB, MEMORY_SHARE * last.mib)}
    return [name for name, slope in growth.items() if slope > most[name]]
