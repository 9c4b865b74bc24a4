"""`LiveFeed`: one feed in one epoch: it loads the streams, then follows them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from tickfire.server.market.epoch.reader import StreamOwner, StreamReader
from tickfire.store.epoch import Epoch
from tickfire.store.history import History
from tickfire.store.schema import Stream
from tickfire.store.store import Store


class LiveFeed:
    """Reader of one feed.

    Parameters
    ----------
    store : Store
    owner : StreamOwner
        Publishes the entries.
    epoch : Epoch
    still_current : callable
        Awaited when ticks are missing; returns whether Redis still holds the epoch.
    past : callable
        Returns the reader from which clients resume, None for that of Redis alone.

    Attributes
    ----------
    epoch : Epoch
    readers : dict of Stream to StreamReader
    """

    def __init__(
        self,
        store: Store,
        owner: StreamOwner,
        epoch: Epoch,
        still_current: Callable[[], Awaitable[bool]],
        past: Callable[[Stream, Epoch], History | None] = lambda stream, epoch: None,
    ) -> None:
        self.epoch = epoch
        self.readers = {
            stream: StreamReader(store, owner, stream, still_current, past(stream, epoch))
            for stream in epoch.streams()
        }
        self._tasks: list[asyncio.Task[None]] = []

    async def seed(self) -> dict[Stream, int]:
        """Load the streams from Redis; return the positions of their last ticks.

        Raises
        ------
        RedisUnavailable
            Redis does not answer, or refuses.
        """
        return {stream: await reader.seed() for stream, reader in self.readers.items()}

    def follow(self) -> None:
        """Start following the streams."""
        loop = asyncio.get_running_loop()
        self._tasks = [loop.create_task(reader.run()) for reader in self.readers.values()]

    def close(self) -> None:
        """Publish nothing more."""
        for reader in self.readers.values():
            reader.close()

    async def stop(self) -> None:
        """Stop following the streams."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self.close()

    @property
    def unfollowed(self) -> list[Stream]:
        """The streams that are not being read."""
        return [stream for stream, reader in self.readers.items() if not reader.following]

    @property
    def has_ended(self) -> bool:
        """True if a stream will not be read again, as after the end of the epoch."""
        return any(task.done() for task in self._tasks)
