"""The link of a worker to all others, by which a long-poll client reaches its session from any."""

from __future__ import annotations

import asyncio
import logging
from typing import Final

from tickfire.phoenix import Hub, PubSub, RedisAdapter
from tickfire.store.store import Store

NAMESPACE: Final = "tickfire"


async def link_workers(hub: Hub, store: Store) -> None:
    """Link a hub to those of all workers on the same Redis, until cancelled."""
    quiet = logging.DEBUG  # the store logs outages
    adapter = RedisAdapter(store.client, namespace=NAMESPACE, channels=1, log_level=quiet)
    async with PubSub(hub, adapter):
        await asyncio.get_running_loop().create_future()
