"""A simulated market: seeded, endless, in real DBN records."""
