"""Benchmarks of the models. Run one with ``python -m bench.models.<name>``."""
