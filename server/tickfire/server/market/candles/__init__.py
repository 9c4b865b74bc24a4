"""Candles: the bars of instruments, the indicators of them, and the topics of both."""
