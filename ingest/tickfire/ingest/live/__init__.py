"""Sessions with a live gateway."""
