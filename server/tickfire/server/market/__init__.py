"""The market's topics: ticks, quotes, candles, news and the trace of the pipeline."""
