"""Benchmark of `tickfire reload` under load."""
