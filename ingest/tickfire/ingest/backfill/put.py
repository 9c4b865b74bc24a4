"""Write files of history to Redis: through the process that writes the feed, or as that process."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Final

from tickfire.base.errors import UserError
from tickfire.ingest.historical.bars import history_bars
from tickfire.ingest.recording.adapter import FileAdapter
from tickfire.ingest.writer.config import IngestConfig
from tickfire.ingest.writer.service import Ingest
from tickfire.store.backfill import BackfillQueue
from tickfire.store.epoch import epoch_of, read_hash
from tickfire.store.lease import Lease, feed_work
from tickfire.store.requests import RedisUnavailable
from tickfire.store.schema import META_KEY
from tickfire.store.store import Store, until_done

PATIENCE_S: Final = 120.0
"""Time within which the process that writes the feed must have taken the history."""
POLL_S: Final = 0.1

logger = logging.getLogger(__name__)


async def put_history(redis_url: str, feed: int, paths: Sequence[Path], shards: int = 1) -> int:
    """Write the bars of files, and return when they are in the feed's streams.

    Parameters
    ----------
    redis_url : str
    feed : int
    paths : sequence of Path
    shards : int
        Number of shards of the feed if Redis has no data of it yet.

    Returns
    -------
    int
        The number of bars in the files; those that Redis already had are not written again.

    Raises
    ------
    UserError
        If Redis cannot be reached, or the process that writes the feed does not take the history.
    DbnError, FeedCorrupt
        If a file cannot be read.
    """
    async with await Store.open(redis_url, patience_s=PATIENCE_S) as store:
        bars = await queue_history(store, feed, paths)
        await _deliver(store, feed, shards, FileAdapter(paths[0]))
        return bars


async def queue_history(store: Store, feed: int, paths: Sequence[Path]) -> int:
    """Hand the bars of files over to the process that writes the feed; return their number."""
    queue, count = BackfillQueue(store, feed), 0
    for path in paths:
        history = await asyncio.to_thread(history_bars, path, feed)
        put = partial(queue.put, history.instruments, history.bars)
        await until_done(put, "handing over history", logger)
        count += len(history.bars)
    return count


async def _deliver(store: Store, feed: int, shards: int, adapter: FileAdapter) -> None:
    """Return once nothing waits in the queue; write it here if no other process writes the feed."""
    queue, lease = BackfillQueue(store, feed), Lease(store, feed_work(feed))
    try:
        async with asyncio.timeout(PATIENCE_S):
            while await until_done(queue.count, "asking for history that waits", logger):
                if await _holds(lease):
                    await _write_here(store, feed, shards, adapter, lease)
                await asyncio.sleep(POLL_S)
    except TimeoutError:
        raise UserError(
            f"ingest of feed {feed} has not taken the history within {PATIENCE_S:g} s; it waits in"
            " Redis until ingest does."
        ) from None
    finally:
        await lease.release()
        lease.close()


async def _holds(lease: Lease) -> bool:
    """Take the lease, and return whether that succeeded."""
    try:
        return await lease.take() == lease.holder
    except RedisUnavailable:
        return False


async def _write_here(
    store: Store, feed: int, shards: int, adapter: FileAdapter, lease: Lease
) -> None:
    meta = await store.ask(lambda client: read_hash(client, META_KEY), "reading the epoch")
    stored = epoch_of(meta, feed)
    config = IngestConfig(adapter, feed, stored.shards if stored else shards)
    await Ingest(config, store, lease).write_history()
