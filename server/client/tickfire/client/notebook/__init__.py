"""A live chart in Jupyter: `pip install "tickfire-client[notebook]"`."""

from __future__ import annotations

from tickfire.client.notebook.chart import Chart

__all__ = ["Chart"]
