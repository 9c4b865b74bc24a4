"""Objects that several holders share, each made once and dropped with its last holder."""

from __future__ import annotations

from collections.abc import Callable, Iterator, ValuesView


class Shared[K, V]:
    """Reference-counted values by key, in the order in which they were made."""

    __slots__ = ("_counts", "_values")

    def __init__(self) -> None:
        self._values: dict[K, V] = {}
        self._counts: dict[K, int] = {}

    def hold(self, key: K, make: Callable[[], V]) -> V:
        """Count one more holder of a key and return its value, made by `make` if it is new."""
        if key not in self._values:
            self._values[key] = make()
            self._counts[key] = 0
        self._counts[key] += 1
        return self._values[key]

    def release(self, key: K) -> V | None:
        """Count one holder less; return the value if that was the last one, else None.

        Raises
        ------
        KeyError
            Nobody holds the key.
        """
        self._counts[key] -= 1
        if self._counts[key]:
            return None
        del self._counts[key]
        return self._values.pop(key)

    def get(self, key: K) -> V | None:
        """Return the value of a key, None if nobody holds it."""
        return self._values.get(key)

    def holders(self, key: K) -> int:
        """Return how many hold a key."""
        return self._counts.get(key, 0)

    def values(self) -> ValuesView[V]:
        """Return a view of the values."""
        return self._values.values()

    def __contains__(self, key: object) -> bool:
        return key in self._values

    def __iter__(self) -> Iterator[K]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)
