"""Memory is given back when it has grown, and again later while it is still much."""

from __future__ import annotations

from tickfire.server.limits.memory import EXCESS, REPEAT_S, Trimming

BASE = 200 << 20


def test_growth_is_given_back() -> None:
    trimming = Trimming(BASE, 0.0)
    assert not trimming.is_due(BASE + EXCESS, 1e6)
    assert trimming.is_due(BASE + EXCESS + 1, 0.1)
    trimming.trimmed(BASE + 1, 0.1)
    assert not trimming.is_due(BASE + EXCESS, 1e6)


def test_what_is_in_use_is_tried_again_only_later() -> None:
    trimming = Trimming(BASE, 0.0)
    trimming.trimmed(BASE + 10 * EXCESS, 1.0)
    assert not trimming.is_due(BASE + 10 * EXCESS, 0.9 + REPEAT_S)
    assert trimming.is_due(BASE + 10 * EXCESS, 1.0 + REPEAT_S)
    assert trimming.is_due(BASE + 11 * EXCESS + 1, 2.0)
