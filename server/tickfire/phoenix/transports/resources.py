"""Resources of a socket, started once: before its first connection, or by a lifespan."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack


class Resources:
    """Group of async context managers that are entered once, in order.

    Parameters
    ----------
    managers
        The context managers. Each must support being entered and exited in different tasks.
    """

    def __init__(self, managers: Sequence[AbstractAsyncContextManager[object]]) -> None:
        self._managers = tuple(managers)
        self._stack: AsyncExitStack | None = None
        self._starting: asyncio.Task[AsyncExitStack] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    async def start(self) -> None:
        """Enter all managers, unless they are entered already; concurrent calls share one start.

        Raises
        ------
        Exception
            If a manager raises. Those before it have been exited again; the next call retries.
        """
        if not self._managers:
            return
        loop = asyncio.get_running_loop()
        if self._loop is not loop:  # another event loop, as in tests: those of the old one are dead
            self._loop, self._stack, self._starting = loop, None, None
        if self._stack is not None:
            return
        if self._starting is None:
            self._starting = loop.create_task(self._enter())
        starting = self._starting
        try:
            # A client that disconnects must not cancel the start for the others.
            self._stack = await asyncio.shield(starting)
        finally:
            if starting.done() and self._starting is starting:
                self._starting = None

    async def stop(self) -> None:
        """Exit all managers, in reverse order."""
        if self._starting is not None:
            with contextlib.suppress(Exception):
                self._stack = await self._starting
            self._starting = None
        stack, self._stack = self._stack, None
        if stack is not None:
            await stack.aclose()

    async def _enter(self) -> AsyncExitStack:
        async with AsyncExitStack() as stack:
            for manager in self._managers:
                await stack.enter_async_context(manager)
            return stack.pop_all()
