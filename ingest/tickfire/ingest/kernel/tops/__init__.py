"""Tops of book of the publishers of an instrument, and the consolidated one."""
