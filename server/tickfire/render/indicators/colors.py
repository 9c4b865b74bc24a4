"""Colours of indicators."""

from __future__ import annotations

from typing import Final

COLORS: Final = (
    *("#f59e42", "#5b8def", "#d65db1", "#3fb6a8"),
    *("#c9a227", "#8a6fe8", "#4aa3df", "#7fae3c"),
)
"""Line colours, assigned in turn."""
ABOVE: Final = "#2a9d7c"
BELOW: Final = "#cf4a57"
"""Colours of a histogram's columns above and below zero."""
