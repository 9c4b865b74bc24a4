"""Anomalies: what is unlike everything that an instrument did before, and in which feature.

`baseline` is what one feature was like so far, `ticks_kernel` the features of every trade and the
alarms, `series_kernel` the same baseline over any series, `nab` the benchmark it is measured by.
"""
