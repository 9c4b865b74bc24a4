"""Databento Binary Encoding: record layouts, metadata, files."""
