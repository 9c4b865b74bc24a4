"""A simulated market: a seeded, endless stream of DBN records."""
