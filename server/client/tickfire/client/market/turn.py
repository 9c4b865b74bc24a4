"""`Turn`: one iteration over a stream, of which there is one at a time."""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import AsyncGenerator
from typing import Any


class Turn:
    """One iteration over a stream.

    A program that leaves its loop drops the generator, which the event loop closes later: the next
    iteration then waits for the end of this one. If the program still has the generator, there
    would be two iterations at once.
    """

    def __init__(self) -> None:
        self._reader: weakref.ref[AsyncGenerator[Any]] | None = None
        self._over = asyncio.Event()

    def read_by(self, generator: AsyncGenerator[Any]) -> None:
        """Set the generator that the program reads."""
        self._reader = weakref.ref(generator)

    @property
    def is_read(self) -> bool:
        """True while the program has the generator."""
        return self._reader is not None and self._reader() is not None

    def ended(self) -> None:
        """Tell the next iteration that the topic is left."""
        self._over.set()

    async def end(self) -> None:
        """Wait until the topic is left."""
        await self._over.wait()
