"""`Remembered`: the newest of many names, by which a repeated one is found. Pure."""

from __future__ import annotations

from collections.abc import Container


class Remembered(Container[str]):
    """Names that were added lately.

    Parameters
    ----------
    most : int
        Number of names; beyond it, those that were added first are forgotten.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._names: dict[str, None] = {}

    def __contains__(self, name: object) -> bool:
        """Return whether a name is remembered."""
        return name in self._names

    def add(self, name: str) -> bool:
        """Remember a name; return whether it is new."""
        if name in self._names:
            return False
        self._names[name] = None
        if len(self._names) > self._most:
            del self._names[next(iter(self._names))]
        return True
