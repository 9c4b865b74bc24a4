"""Ticks: their frames, their views, and the subscriptions to them."""
