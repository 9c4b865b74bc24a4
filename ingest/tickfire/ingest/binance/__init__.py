"""Binance's market data streams, and those of exchanges that speak alike."""
