"""Recordings: DBN files as the source of a feed."""
