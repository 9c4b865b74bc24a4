"""Benchmarks: each compares with a peer in one run. `python -m bench` runs them all."""
