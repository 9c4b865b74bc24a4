"""Benchmarks of ingest from the feed's socket to Redis."""
