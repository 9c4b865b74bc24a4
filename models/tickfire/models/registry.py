"""Which models there are: what can be trained, and what `tickfire infer` runs over ticks and bars.

Targets are ``module:attribute``, imported when they are needed: training loads scikit-learn,
inference never does.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from tickfire.models.infer.stream_model import StreamModel
    from tickfire.models.training.trainer import Trainer

TRAINERS: Final[Mapping[str, str]] = {
    "anomaly": "tickfire.models.anomaly.trainer:AnomalyTrainer",
    "sentiment": "tickfire.models.sentiment.trainer:SentimentTrainer",
    "signals": "tickfire.models.signals.trainer:SignalsTrainer",
}
"""Kinds of models for `tickfire train`: each names a `Trainer` class, made without arguments."""

STREAM_MODELS: Final[Mapping[str, str]] = {
    "anomaly": "tickfire.models.anomaly.stream:AnomalyModel",
    "patterns": "tickfire.models.patterns.stream:PatternsModel",
    "signals": "tickfire.models.signals.stream:SignalsModel",
}
"""Models over ticks and bars for `tickfire infer`: each names a `StreamModel` class, made with the
`Instruments`, and with the `path` of its artifact if it has such a parameter."""


def trainer(name: str) -> Trainer:
    """Make the trainer of a kind."""
    made: Trainer = _imported(TRAINERS[name])()
    return made


def stream_model(name: str) -> Callable[..., StreamModel]:
    """Return what makes a model over ticks and bars."""
    found: Callable[..., StreamModel] = _imported(STREAM_MODELS[name])
    return found


def _imported(target: str) -> Any:
    module, _, attribute = target.partition(":")
    return getattr(importlib.import_module(module), attribute)
