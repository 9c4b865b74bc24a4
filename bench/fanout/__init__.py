"""Benchmark of fan-out, echo, joins and memory: `tickfire.phoenix` against a peer."""
