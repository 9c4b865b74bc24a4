"""Choice of a content coding by ``Accept-Encoding``, as RFC 9110 (12.5.3) defines it. Pure."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

SUFFIXES: Final = {"br": ".br", "gzip": ".gz"}
"""Codings of the compressed copies that may lie beside a file, best first, and their suffixes."""
_ALIASES: Final = {"x-gzip": "gzip"}


def best_coding(accept: str, available: Collection[str]) -> str | None:
    """Return the coding to send, None for the file as it is.

    Parameters
    ----------
    accept : str
        The value of ``Accept-Encoding``; empty if there is none.
    available : collection of str
        The codings in which the file can be sent.
    """
    weights = weights_of(accept)
    others = weights.get("*", 0.0)
    ranked = [
        (weights.get(coding, others), -place, coding)
        for place, coding in enumerate(SUFFIXES)
        if coding in available
    ]
    weight, _, coding = max(ranked, default=(0.0, 0, ""))
    return coding if weight > 0 and weight >= weights.get("identity", 0.0) else None


def weights_of(accept: str) -> dict[str, float]:
    """Return the names in a header such as ``Accept``, in their order, each with its weight."""
    weights = {}
    for part in accept.lower().split(","):
        name, *params = (piece.strip() for piece in part.split(";"))
        weights[_ALIASES.get(name, name)] = _quality(params)
    return weights


def _quality(params: list[str]) -> float:
    for param in params:
        name, _, value = param.partition("=")
        if name.strip() == "q":
            try:
                quality = float(value)
            except ValueError:
                return 0.0
            return quality if 0 <= quality <= 1 else 0.0
    return 1.0
