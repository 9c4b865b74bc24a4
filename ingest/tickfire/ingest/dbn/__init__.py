"""Databento Binary Encoding (DBN): record layouts, metadata and files."""
