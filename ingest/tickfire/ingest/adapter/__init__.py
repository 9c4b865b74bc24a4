"""Adapters: how data of any source comes into ingest; docs/feeds.md shows how to write one."""
