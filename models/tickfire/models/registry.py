"""Registry of models: those that can be trained, and those that run over ticks and bars.

Targets are written ``module:attribute`` and imported on first use, so that inference never loads
scikit-learn.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any, Final

from tickfire.base.plugin import load_callable

TRAINERS: Final[Mapping[str, str]] = {
    "anomaly": "tickfire.models.anomaly.trainer:AnomalyTrainer",
    "sentiment": "tickfire.models.sentiment.trainer:SentimentTrainer",
    "signals": "tickfire.models.signals.trainer:SignalsTrainer",
}
"""Classes for `tickfire train`, by kind: each follows the protocol `Trainer`."""

MODEL: Final = "--model"
"""The option that names models over ticks and bars."""

STREAM_MODELS: Final[Mapping[str, str]] = {
    "anomaly": "tickfire.models.anomaly.stream:AnomalyModel",
    "patterns": "tickfire.models.patterns.stream:PatternsModel",
    "signals": "tickfire.models.signals.stream:SignalsModel",
}
"""Models for `tickfire infer`, by name: subclasses of `StreamModel`, made with `Instruments`."""


def trainer(kind: str) -> Any:
    """Return a new trainer of a kind, a `tickfire.models.training.trainer.Trainer`."""
    return _imported(TRAINERS[kind])()


def stream_model(name: str) -> Any:
    """Return the class of a model, a `tickfire.models.infer.stream_model.StreamModel`.

    Parameters
    ----------
    name : str
        One of `STREAM_MODELS`, or ``module:class``, also of the working directory.

    Raises
    ------
    UsageError
        If there is no such module or class.
    """
    return _imported(STREAM_MODELS[name]) if name in STREAM_MODELS else load_callable(name, MODEL)


def _imported(target: str) -> Any:
    module, _, attribute = target.partition(":")
    return getattr(importlib.import_module(module), attribute)
