"""Clients without a login that misbehave, and what another client feels of them."""
