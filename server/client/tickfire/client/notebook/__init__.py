"""A live chart in Jupyter."""
