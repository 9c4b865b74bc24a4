"""`Notifier`: an event that recurs, for any number of tasks that wait for it."""

from __future__ import annotations

import asyncio


class Notifier:
    """An event that recurs: each `wait` lasts until the next `notify`."""

    def __init__(self) -> None:
        self._next: asyncio.Future[None] | None = None

    def notify(self) -> None:
        """Wake all who wait."""
        if self._next is not None:
            self._next.set_result(None)
            self._next = None

    async def wait(self) -> None:
        """Wait until the next `notify`."""
        if self._next is None:
            self._next = asyncio.get_running_loop().create_future()
        await asyncio.shield(self._next)
