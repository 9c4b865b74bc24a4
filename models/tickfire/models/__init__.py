"""Models over the streams: sentiment, anomalies, patterns and signals.

Their layer: above `tickfire.ingest`, whose streams they read, below `tickfire.server`.
"""
