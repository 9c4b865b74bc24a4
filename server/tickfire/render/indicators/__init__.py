"""Indicators of a picture: chosen by text, computed by the kernels, drawn as the catalogue says."""
