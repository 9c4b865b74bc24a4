"""Callbacks by name, which may be added and removed while they are called."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from typing import Any

type Callback = Callable[..., object]


class Callbacks:
    """Callbacks of named events.

    An exception of a callback goes to the event loop's exception handler; the other callbacks and
    the connection go on.
    """

    def __init__(self) -> None:
        self._refs = itertools.count(1)
        self._callbacks: dict[str, dict[int, Callback]] = {}

    def add(self, name: str, callback: Callback) -> int:
        """Add a callback; return the number by which it is removed."""
        ref = next(self._refs)
        self._callbacks.setdefault(name, {})[ref] = callback
        return ref

    def remove(self, name: str, ref: int | None = None) -> None:
        """Remove one callback of a name, or all of them."""
        if ref is None:
            self._callbacks.pop(name, None)
        else:
            self._callbacks.get(name, {}).pop(ref, None)

    def call(self, name: str, *arguments: Any) -> None:
        """Call the callbacks of a name, in the order in which they were added."""
        found = self._callbacks.get(name)
        if not found:
            return
        for callback in list(found.values()):
            try:
                callback(*arguments)
            except Exception as error:
                asyncio.get_running_loop().call_exception_handler(
                    {"message": f"a callback of {name!r} failed", "exception": error}
                )
