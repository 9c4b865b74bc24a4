"""The chart beside lightweight-charts and uPlot, in one page and run."""
