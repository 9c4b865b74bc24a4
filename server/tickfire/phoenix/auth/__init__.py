"""Tokens by which clients prove who they are."""
