"""Compatibility with clients that speak a dialect of Phoenix Channels."""
