"""The topics of the market application."""
