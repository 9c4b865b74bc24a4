"""Figures of a benchmark, printed."""

from __future__ import annotations

import json
from collections.abc import Mapping


def print_figures(figures: Mapping[str, float], *, as_json: bool) -> None:
    """Print figures as one JSON object, or else one a line after its name."""
    if as_json:
        print(json.dumps(figures))
        return
    width = max(map(len, figures))
    for name, value in figures.items():
        print(f"{name:{width}} {value:14,}")
