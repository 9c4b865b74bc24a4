"""Benchmarks, each beside a peer in one run; `python -m bench` runs them all."""
