"""Channels of the market topics, and the parameters of their joins."""
