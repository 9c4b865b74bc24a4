"""Plots of reports, drawn by matplotlib without a display."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray

from tickfire.models.training.scores import Reliability

SIZE_INCHES: Final = (6.0, 4.0)
DPI: Final = 120

type Curve = tuple[NDArray[np.float64], NDArray[np.float64]]


def reliability_plot(found: Mapping[str, Reliability], path: Path) -> None:
    """Plot accuracy against confidence, one curve for each set of texts."""
    figure = Figure(SIZE_INCHES, layout="constrained")
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color="0.7", linewidth=1, label="perfect calibration")
    for name, one in found.items():
        axes.plot(one.confidence, one.accuracy, marker="o", markersize=3, label=name)
    axes.set(xlim=(0.3, 1), ylim=(0, 1), xlabel="highest probability", ylabel="accuracy")
    axes.legend(fontsize=8)
    save_figure(figure, path)


def coverage_plot(curves: Mapping[str, Curve], threshold: float, path: Path) -> None:
    """Plot the accuracy of the most confident answers against their share."""
    figure = Figure(SIZE_INCHES, layout="constrained")
    axes = figure.subplots()
    for name, (covered, right) in curves.items():
        axes.plot(covered, right, linewidth=1.2, label=name)
    axes.set(xlim=(0, 1), ylim=(0.5, 1), xlabel="share answered, most confident first")
    axes.set(ylabel="accuracy", title=f"abstains below {threshold:.2f}")
    axes.legend(fontsize=8)
    save_figure(figure, path)


def save_figure(figure: Figure, path: Path) -> None:
    """Write a figure as PNG; the same figure gives the same bytes."""
    FigureCanvasAgg(figure)
    figure.savefig(path, dpi=DPI, metadata={"Software": None})
