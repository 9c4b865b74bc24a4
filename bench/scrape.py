"""Metrics of a process, scraped."""

from __future__ import annotations

import urllib.request
from typing import Final

from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

PATIENCE_S: Final = 10.0


def scrape(port: int) -> list[Sample]:
    """Return the samples of the metrics that are served at a port of this machine.

    Raises
    ------
    OSError
        Nothing answers there.
    """
    url = f"http://127.0.0.1:{port}/metrics"
    with urllib.request.urlopen(url, timeout=PATIENCE_S) as answer:
        families = text_string_to_metric_families(answer.read().decode())
    return [sample for family in families for sample in family.samples]


def late_times(samples: list[Sample], than_s: float) -> int:
    """Return how often the event loop of a server was late by more than so many seconds."""
    counts = {
        float(one.labels["le"]): one.value
        for one in samples
        if one.name == "tickfire_loop_lag_seconds_bucket"
    }
    return round(counts[float("inf")] - counts[than_s])
