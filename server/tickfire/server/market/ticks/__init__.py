"""Ticks to subscribers."""
