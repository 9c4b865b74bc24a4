"""One task for each feed, begun anew with each of its epochs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from typing import Any

from tickfire.server.market.epoch.live import LiveMarket
from tickfire.store.epoch import Epoch


async def run_for_epochs(
    live: LiveMarket,
    follow: Callable[[Epoch], Coroutine[Any, Any, None]],
    forget: Callable[[int], None],
) -> None:
    """Run a task for the current epoch of each feed until cancelled.

    Parameters
    ----------
    live : LiveMarket
    follow : callable
        Called with an epoch; the result runs until the epoch is over, and is then cancelled.
    forget : callable
        Called with the number of a feed whose epoch is over.
    """
    tasks: dict[Epoch, asyncio.Task[None]] = {}
    try:
        while True:
            current = {live.data.epochs[feed] for feed in live.feeds}
            ended = tasks.keys() - current
            for epoch in ended:
                await _cancel([tasks.pop(epoch)])
                forget(epoch.feed)
            for epoch in current - tasks.keys():
                tasks[epoch] = asyncio.create_task(follow(epoch))
            if not ended:  # otherwise the feeds may have changed meanwhile
                await live.feeds_changed()
    finally:
        await _cancel(tasks.values())
        for epoch in tasks:
            forget(epoch.feed)


async def _cancel(tasks: Iterable[asyncio.Task[None]]) -> None:
    ended = list(tasks)
    for task in ended:
        task.cancel()
    await asyncio.gather(*ended, return_exceptions=True)
