"""Abusive clients without a login, and their effect on an honest client."""
