"""Models over the streams: sentiment, anomalies, patterns and signals."""
