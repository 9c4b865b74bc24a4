"""The channels of the market."""
