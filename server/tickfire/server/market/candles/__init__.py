"""Bars and indicators of the market."""
