"""`Followers`: the tasks that read Redis for as long as the market runs."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

logger = logging.getLogger(__name__)


class Followers:
    """Tasks that should not end before they are cancelled; the end of one is logged."""

    def __init__(self) -> None:
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def begin(self, name: str, run: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Start a task, named by the data that it reads."""
        task = self._tasks[name] = asyncio.get_running_loop().create_task(run, name=name)
        task.add_done_callback(_tell_end)
        return task

    @property
    def ended(self) -> list[str]:
        """Names of the tasks that have ended."""
        return [name for name, task in self._tasks.items() if task.done()]

    async def cancel(self) -> None:
        """End all tasks."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._tasks.clear()


def _tell_end(task: asyncio.Task[None]) -> None:
    if not task.cancelled():
        logger.error("the reading of %s has ended", task.get_name(), exc_info=task.exception())
