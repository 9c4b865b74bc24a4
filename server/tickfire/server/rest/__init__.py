"""The REST API: candles, ticks, news and signals of Redis and of the archive, page by page."""
