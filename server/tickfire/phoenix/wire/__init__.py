"""Codecs of messages and frames, sans I/O."""
