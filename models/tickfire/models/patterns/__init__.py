"""Patterns on bars: candlestick patterns, equal to TA-Lib's, and geometric chart patterns."""
