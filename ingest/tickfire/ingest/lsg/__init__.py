"""Databento's live protocol (LSG), both sides, without I/O."""
