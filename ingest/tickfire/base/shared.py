"""Reference-counted objects, created on first use and dropped after the last."""

from __future__ import annotations

from collections.abc import Callable, Iterator, ValuesView


class Shared[K, V]:
    """Reference-counted values by key, in order of creation."""

    __slots__ = ("_counts", "_values")

    def __init__(self) -> None:
        self._values: dict[K, V] = {}
        self._counts: dict[K, int] = {}

    def hold(self, key: K, make: Callable[[], V]) -> V:
        """Add a holder of a key and return the value, which `make` creates for the first holder."""
        if key not in self._values:
            self._values[key] = make()
            self._counts[key] = 0
        self._counts[key] += 1
        return self._values[key]

    def release(self, key: K) -> V | None:
        """Remove a holder of a key; return the value if it was the last holder, else None.

        Raises
        ------
        KeyError
            The key has no holder.
        """
        self._counts[key] -= 1
        if self._counts[key]:
            return None
        del self._counts[key]
        return self._values.pop(key)

    def get(self, key: K) -> V | None:
        """Return the value of a key, or None if it has no holder."""
        return self._values.get(key)

    def holders(self, key: K) -> int:
        """Return the number of holders of a key."""
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
