"""`WatchedCommands`: commands of redis-py that follow their keys."""

from __future__ import annotations

from typing import Any

from tickfire.store.errors import as_redis_errors
from tickfire.store.watch import Watch


class WatchedCommands:
    """Mixin of redis-py's clients, to stand before them.

    A command is given up once its key has moved (see `tickfire.store.watch`), and errors that
    redis-py does not derive from `RedisError` become ones that are.
    """

    watched_by: Watch | None = None

    async def execute_command(self, *args: Any, **options: Any) -> Any:
        """Send a command, watched; return its reply."""
        if self.watched_by is None:
            return await self._execute(*args, **options)
        async with self.watched_by.attempt(args[:2]):
            return await self._execute(*args, **options)

    async def _execute(self, *args: Any, **options: Any) -> Any:
        with as_redis_errors():
            return await super().execute_command(*args, **options)  # type: ignore[misc]
