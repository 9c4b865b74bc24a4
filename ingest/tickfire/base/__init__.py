"""Helpers that every other package may use: errors, processes, retries and units."""
