"""Benchmark of Python in the browser."""
