"""Candles as a client of the candle topics keeps them: one row per start time."""

from __future__ import annotations

from typing import Any


def as_row(candle: dict[str, Any]) -> list[Any]:
    names = ("time", "open", "high", "low", "close", "volume", "trades", "vwap")
    return [candle[name] for name in names]


def replayed(history: list[list[Any]], candles: list[dict[str, Any]]) -> list[list[Any]]:
    """Return a history with candles put in by time, as a client shows them."""
    shown = {row[0]: row for row in history}
    for candle in candles:
        shown[candle["time"]] = as_row(candle)
    return [shown[time] for time in sorted(shown)]
