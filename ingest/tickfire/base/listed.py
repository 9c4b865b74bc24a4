"""Lists in the values of options."""

from __future__ import annotations


def listed(*texts: str) -> tuple[str, ...]:
    """Return the elements of texts in which commas or spaces separate them."""
    return tuple(part for text in texts for part in text.replace(",", " ").split())
