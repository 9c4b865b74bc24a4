"""What rules know besides bars: the mood of the news, and anomalies. Pure: times are arguments."""

from __future__ import annotations

import math
from collections import deque
from typing import Final

from tickfire.models.records import Sentiment, Signal

FADE_S: Final = 1200.0
"""Time in which a headline's weight falls to 1/e: little is left of it after an hour."""
REMEMBERED: Final = 64
"""Headlines, and anomalies, of one instrument."""
ANOMALY_BARS: Final = 5


class Context:
    """Of one instrument."""

    def __init__(self) -> None:
        self._moods: deque[tuple[float, float]] = deque(maxlen=REMEMBERED)
        self._anomalies: deque[tuple[int, float]] = deque(maxlen=REMEMBERED)

    def hear_sentiment(self, sentiment: Sentiment, now_s: float) -> None:
        """Take the sentiment of a headline, heard at a time of a clock that runs evenly."""
        if not sentiment.abstained:
            bearish, _, bullish = sentiment.probabilities
            self._moods.append((now_s, bullish - bearish))

    def hear_anomaly(self, signal: Signal) -> None:
        """Take an anomaly."""
        score = signal.detail.get("score")
        if isinstance(score, int | float):
            self._anomalies.append((signal.at, float(score)))

    def sentiment(self, now_s: float) -> float:
        """Return the mean of the moods, the latest counting most; it fades to 0, which is none."""
        total = weight = 0.0
        for at, mood in self._moods:
            share = math.exp(-max(0.0, now_s - at) / FADE_S)
            total += share * mood
            weight += share
        return total / max(1.0, weight)

    def anomaly(self, end: int, interval_s: int) -> float:
        """Return the highest score within the last bars before a time (ns), 0 without one."""
        begin = end - ANOMALY_BARS * interval_s * 1_000_000_000
        return max((score for at, score in self._anomalies if begin < at <= end), default=0.0)
