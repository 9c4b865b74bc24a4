"""The verdict of a soak: which figures grow."""

from __future__ import annotations

import math

import pytest

from bench.soak.trend import Sample, growing, slopes

MINUTES = [float(minute) for minute in range(1, 41)]


def test_growth_is_told_by_the_hour() -> None:
    samples = [Sample(100 + minute / 2, 10, 3, 40) for minute in MINUTES]
    assert slopes(MINUTES, samples) == pytest.approx(
        {"mib": 30, "descriptors": 0, "threads": 0, "tasks": 0}, abs=1e-6
    )


@pytest.mark.parametrize(
    ("an_hour", "last_mib", "grows"), [(15, 100, False), (17, 100, True), (90, 1_000, False)]
)
def test_memory_may_grow_by_a_share(an_hour: float, last_mib: float, grows: bool) -> None:
    assert growing({"mib": an_hour}, Sample(last_mib, 1, 1)) == ["mib"] * grows


def test_a_leak_of_descriptors_is_named() -> None:
    samples = [Sample(100, 10 + round(minute), 3) for minute in MINUTES]
    growth = slopes(MINUTES, samples)
    assert growing(growth, samples[-1]) == ["descriptors"]
    assert "tasks" not in growth, "a process that does not tell its tasks is not judged by them"


def test_a_figure_that_varies_does_not_grow() -> None:
    samples = [Sample(100 + 20 * math.sin(m), 10 + round(m) % 3, 3) for m in MINUTES]
    assert growing(slopes(MINUTES, samples), samples[-1]) == []
