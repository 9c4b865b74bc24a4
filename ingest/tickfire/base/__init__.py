"""The floor of the house: what every process needs."""
