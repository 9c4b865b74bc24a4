"""Patterns on bars: candlesticks, exactly TA-Lib's, and chart patterns by their geometry."""
