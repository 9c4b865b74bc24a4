"""Anomalies: trades and minutes unlike those that an instrument had before.

`baseline` holds the statistics of one feature, `ticks_kernel` scores the features of every trade,
`bars_kernel` and `forest` those of every minute, and `series_kernel` those of any series, which
`nab` measures with the Numenta Anomaly Benchmark.
"""
