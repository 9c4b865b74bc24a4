"""The live data of one epoch."""
