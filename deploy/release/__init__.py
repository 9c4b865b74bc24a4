"""Builds the distributions and checks them: ``python -m deploy.release``."""
