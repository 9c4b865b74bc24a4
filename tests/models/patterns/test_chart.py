"""Chart patterns: drawn shapes are found, mirrored or not, at any scale."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.models.drawings import DRAWINGS, WIDTH, HighLowClose, drawn
from tickfire.models.patterns.chart import (
    CHART_MEANINGS,
    LEAST_QUALITY,
    ChartPattern,
    ChartPatterns,
)
from tickfire.models.patterns.shapes import NAMES
from tickfire.models.patterns.swings import SwingFinder


def found(bars: HighLowClose) -> list[tuple[int, ChartPattern]]:
    patterns = ChartPatterns()
    rows = enumerate(bars.tolist())
    return [(at, one) for at, (h, l, c) in rows for one in patterns.push(h, l, c)]  # noqa: E741


def names(bars: HighLowClose) -> list[tuple[str, str]]:
    return [(one.name, one.direction) for _, one in found(bars)]


@pytest.mark.parametrize("drawing", DRAWINGS)
def test_finds_drawn_shape(drawing: str) -> None:
    bars, name, direction = DRAWINGS[drawing]
    matches = [one for _, one in found(bars) if (one.name, one.direction) == (name, direction)]
    assert matches, names(bars)
    assert max(one.quality for one in matches) > 0.5


@pytest.mark.parametrize("drawing", DRAWINGS)
def test_finds_drawn_shape_upside_down(drawing: str) -> None:
    bars, name, direction = DRAWINGS[drawing]
    other = {"up": "down", "down": "up"}[direction]
    assert (NAMES[name], other) in names(mirrored(bars, 300.0))


def test_straight_lines_hold_no_pattern() -> None:
    assert names(drawn(100, 200, step=200)) == []
    assert names(drawn(100, 100, step=200)) == []
    assert names(np.full((200, 3), 7.0)) == []


def test_double_top_needs_earlier_rise_and_close_below() -> None:
    assert "double_top" not in dict(names(drawn(117, 120, 110, 120, 100)))
    assert "double_top" not in dict(names(drawn(100, 120, 110, 120, 112)))
    assert "double_top" not in dict(names(drawn(100, 120, 110, 116, 100)))


def test_unequal_tops_have_lower_quality() -> None:
    equal, unequal = (
        next(one for _, one in found(drawn(100, 120, 110, second, 100)) if one.name == "double_top")
        for second in (120.0, 118.5)
    )
    assert LEAST_QUALITY <= unequal.quality < equal.quality <= 1.0


def test_pattern_reports_its_swings() -> None:
    bars = drawn(100, 120, 110, 120, 100)
    at, one = next(pair for pair in found(bars) if pair[1].name == "double_top")
    assert one.bars == one.points[0][0] + 1
    assert bars[at, 2] < one.points[2][1]
    tops = [price for _, price in one.points[1::2]]
    assert tops == pytest.approx([120 + WIDTH] * 2)
    for ago, price in one.points:
        assert price in (bars[at - ago, 0], bars[at - ago, 1])


def test_every_pattern_has_a_meaning() -> None:
    assert set(CHART_MEANINGS) == set(NAMES) | set(NAMES.values())


def test_values_that_are_not_finite_are_skipped() -> None:
    bars, name, _ = DRAWINGS["double top"]
    broken = np.insert(bars, 35, [np.nan, 1.0, 1.0], axis=0)
    broken = np.insert(broken, 50, [1.0, np.inf, 1.0], axis=0)
    assert names(broken) == names(bars)
    assert name in dict(names(bars))


steps = st.lists(st.integers(-8, 8), min_size=60, max_size=200)
widths = st.integers(1, 4)


def walk(moves: list[int], width: int) -> HighLowClose:
    path = 1024.0 + np.cumsum(moves)
    return np.stack([path + width, path - width, path], axis=1)


def mirrored(bars: HighLowClose, around: float) -> HighLowClose:
    return np.stack([around - bars[:, 1], around - bars[:, 0], around - bars[:, 2]], axis=1)


def test_random_walks_hold_patterns() -> None:
    """Without any pattern, the laws below would hold of a finder that finds none."""
    rng = np.random.default_rng(1)
    walks = [walk(rng.integers(-8, 9, 200).tolist(), 2) for _ in range(50)]
    assert len([one for bars in walks for one in found(bars)]) > 50


@given(steps, widths)
def test_mirrored_prices_give_mirrored_patterns(moves: list[int], width: int) -> None:
    bars = walk(moves, width)
    turned = [
        (
            at,
            one._replace(
                name=NAMES.get(one.name) or names_back()[one.name],
                direction={"up": "down", "down": "up"}[one.direction],
                points=tuple((ago, 4096.0 - price) for ago, price in one.points),
            ),
        )
        for at, one in found(mirrored(bars, 4096.0))
    ]
    assert sorted(map(rounded, turned)) == sorted(map(rounded, found(bars)))


@given(steps, widths, st.sampled_from([2.0**-20, 0.5, 8.0, 2.0**20]))
def test_scale_of_prices_does_not_matter(moves: list[int], width: int, scale: float) -> None:
    bars = walk(moves, width)
    one, other = found(bars), found(bars * scale)
    assert [(at, p.name, p.direction, p.bars) for at, p in one] == [
        (at, p.name, p.direction, p.bars) for at, p in other
    ]
    assert [p.quality for _, p in one] == pytest.approx([p.quality for _, p in other])


@given(steps, widths)
def test_patterns_are_within_bounds_and_causal(moves: list[int], width: int) -> None:
    bars = walk(moves, width)
    for at, one in found(bars):
        assert LEAST_QUALITY <= one.quality <= 1.0
        ago = [bars_ago for bars_ago, _ in one.points]
        assert ago == sorted(ago, reverse=True) and ago[-1] >= 0
        assert one.bars == ago[0] + 1 <= at + 1
    cut = len(bars) // 2
    assert found(bars[:cut]) == [pair for pair in found(bars) if pair[0] < cut]


@given(steps, widths)
def test_swings_alternate_between_extremes(moves: list[int], width: int) -> None:
    bars = walk(moves, width)
    finder = SwingFinder()
    swings = [
        swing
        for h, l, c in bars.tolist()  # noqa: E741
        if (swing := finder.push(h, l, c)) is not None
    ]
    for a, b in pairwise(swings):
        assert a.is_high != b.is_high and a.bar < b.bar
        assert (a.price - b.price if a.is_high else b.price - a.price) > 0.0
        between = bars[a.bar : b.bar + 1]
        assert b.price == (between[:, 0].max() if b.is_high else between[:, 1].min())


def names_back() -> dict[str, str]:
    return {upside_down: name for name, upside_down in NAMES.items()}


def rounded(pair: tuple[int, ChartPattern]) -> tuple[object, ...]:
    at, one = pair
    return at, one.name, one.direction, round(one.quality, 9), one.bars, one.points
