"""Feeds in, streams out: the live client, the parse kernel and the stream writer."""
