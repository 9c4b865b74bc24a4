"""Inputs of rules besides bars: recent sentiment and anomalies of an instrument. Pure."""

from __future__ import annotations

import math
from collections import deque
from typing import Final

from tickfire.base.units import NS_PER_S
from tickfire.models.records import Sentiment, Signal

FADE_S: Final = 1200.0
"""Time in which the weight of a headline falls to 1/e: little is left after an hour."""
REMEMBERED: Final = 64
"""Maximum number of headlines, and of anomalies, remembered of one instrument."""
ANOMALY_BARS: Final = 5
"""Number of bars for which an anomaly counts."""


class RuleContext:
    """Sentiment and anomalies of one instrument; times are given, never read from a clock."""

    def __init__(self) -> None:
        self._sentiments: deque[tuple[float, float]] = deque(maxlen=REMEMBERED)
        self._anomalies: deque[tuple[int, float]] = deque(maxlen=REMEMBERED)

    def hear_sentiment(self, sentiment: Sentiment, now_s: float) -> None:
        """Remember the sentiment of a headline heard at ``now_s``, seconds of a monotonic clock."""
        if not sentiment.abstained:
            bearish, _, bullish = sentiment.probabilities
            self._sentiments.append((now_s, bullish - bearish))

    def hear_anomaly(self, signal: Signal) -> None:
        """Remember an anomaly."""
        score = signal.detail.get("score")
        if isinstance(score, int | float):
            self._anomalies.append((signal.at, float(score)))

    def sentiment(self, now_s: float) -> float:
        """Return the mean sentiment, -1 to 1, with the latest headlines counting most.

        It fades to 0, which is also what an instrument without headlines has.
        """
        total = weight = 0.0
        for at, value in self._sentiments:
            share = math.exp(-max(0.0, now_s - at) / FADE_S)
            total += share * value
            weight += share
        return total / max(1.0, weight)

    def anomaly(self, end: int, interval_s: int) -> float:
        """Return the highest anomaly score within the last bars before ``end`` (ns), or 0."""
        begin = end - ANOMALY_BARS * interval_s * NS_PER_S
        return max((score for at, score in self._anomalies if begin < at <= end), default=0.0)
